"""What in a picture an answer rests on: one module per method, and what they share."""
