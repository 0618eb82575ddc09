"""Datasets: sources, decoding, preprocessing, splits, cache, batches."""
