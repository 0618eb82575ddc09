"""What layers and units respond to: one module per method."""
