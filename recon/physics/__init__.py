"""Forward models: what the scanner measures, in plain NumPy."""
