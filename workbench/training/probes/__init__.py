"""What a network looks like while it learns: stored after each epoch, or made afterwards from kept weights."""
