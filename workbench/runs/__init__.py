"""Run folders: written, read, listed, compared."""
