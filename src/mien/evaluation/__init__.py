"""Scores of a model on a data set, and what they are worth."""
