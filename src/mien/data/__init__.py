"""Data sets, manifests, targets, augmentation and batches."""
