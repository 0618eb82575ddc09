"""A network that looks at a camera or a video."""
