"""What is learned from a target: one module per task."""
