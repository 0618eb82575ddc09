"""Tables of numbers and words: reading files, what their columns are, and what they look like."""
