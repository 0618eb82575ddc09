"""One module per way to find the weights of a network."""
