"""Thin applications over the library."""
