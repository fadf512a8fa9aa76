"""Sources of frames, and the stream over them."""
