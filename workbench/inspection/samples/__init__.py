"""What a model makes of a whole split: one module per method, and what they share."""
