"""``recon simulate``: a file here for each kind of scan, with its commands as ``COMMANDS``."""
