"""Training of the MR networks: simulated scans, recipe, loss, calibration, export."""
