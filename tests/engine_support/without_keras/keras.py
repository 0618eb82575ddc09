"""Takes the place of Keras where a test is about an installation without it, or about the engine alone."""

raise ImportError("this installation has no Keras")
