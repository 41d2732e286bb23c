"""Torch modules, one network a file; imported by training alone."""
