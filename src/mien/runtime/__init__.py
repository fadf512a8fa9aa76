"""Backends that run the model files of a bundle."""
