"""Sources of frames, the stream over them, and sinks for results."""
