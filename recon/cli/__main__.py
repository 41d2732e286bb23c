"""``python -m recon.cli``: the same as ``recon``."""

from recon.cli.main import main

main()
