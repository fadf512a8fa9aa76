"""Search over recipes: grids, random and model-based sampling, evolution."""
