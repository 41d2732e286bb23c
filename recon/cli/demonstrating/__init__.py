"""``recon demo``: a file here for each task that is shown, named after it, with its ``inputs``."""
