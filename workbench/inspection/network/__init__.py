"""How a Keras network is asked: its layers, what passes between them, gradients; on any backend."""
