"""Ways to look into a network, and prediction: one module per method."""
