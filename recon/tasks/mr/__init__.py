"""MR: images from k-space."""
