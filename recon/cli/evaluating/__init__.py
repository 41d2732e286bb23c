"""``recon evaluate``: a file here for each kind of model, with its commands as ``COMMANDS``."""
