"""``python -m recon.cli``: the same as ``recon``."""

from recon.cli.entry import run

run()
