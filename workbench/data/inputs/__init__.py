"""One module per kind of input: pictures, rows of tables."""
