"""Where the command starts: whoever interrupts it before all modules are loaded sees no traceback either."""

from __future__ import annotations

import os
import sys


def run() -> None:
    """Load the command and run it; exit status 130 when interrupted."""
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")  # its notes on forks are no news to anybody
    try:
        from recon.cli.main import main

        main()
    except KeyboardInterrupt:
        sys.exit(130)
