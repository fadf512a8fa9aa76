"""Measurements of speed and framing."""
