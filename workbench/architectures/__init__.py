"""One file per family of networks, and what turns them into models and tables."""
