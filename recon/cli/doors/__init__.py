"""Commands of the doors: a file here for each, with its commands as ``COMMANDS``."""
