"""Face detectors: from a whole picture to faces."""
