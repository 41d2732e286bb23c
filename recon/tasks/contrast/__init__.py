"""Contrast: the full-dose scan from one before contrast and one after a reduced dose."""
