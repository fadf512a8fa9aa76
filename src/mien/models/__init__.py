"""Networks that mien can build, in Keras."""
