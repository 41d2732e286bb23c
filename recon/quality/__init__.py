"""Uncertainty, checks, verdict and report."""
