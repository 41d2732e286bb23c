"""Where the command starts: whoever interrupts it before all modules are loaded sees no traceback either."""

from __future__ import annotations

import sys


def run() -> None:
    """Load the command and run it; exit status 130 when interrupted."""
    try:
        from recon.cli.main import main

        main()
    except KeyboardInterrupt:
        sys.exit(130)
