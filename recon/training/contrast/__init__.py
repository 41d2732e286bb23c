"""Contrast: simulated pairs, training, calibration and evaluation."""
