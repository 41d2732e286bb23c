"""One part of the node as a process: ``python -m recon.doors.node PART NODE.yaml``; ``recon node run`` starts them."""

from __future__ import annotations

import signal
import sys
import threading
from pathlib import Path

from recon.doors.node.config_file import read_config
from recon.doors.node.logs import log
from recon.doors.node.parts import run_part
from recon.errors import ReconError, outcome_of


def main(name: str, path: str) -> int:
    """Run a part until SIGTERM; returns the exit status."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        run_part(name, read_config(Path(path)), stop)
    except ReconError as error:
        log("part_failed", part=name, why=error.problem)
        return outcome_of(error).exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
