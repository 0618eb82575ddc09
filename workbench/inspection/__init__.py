"""Ways to look into a network, a folder per subject; and prediction."""
