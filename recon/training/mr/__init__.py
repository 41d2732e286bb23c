"""Training and evaluation of MR reconstruction."""
