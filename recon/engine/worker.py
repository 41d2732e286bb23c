"""``python -m recon.engine.worker IN OUT``: one piece of work, from a file in memory into another.

Started ahead of time, so that it waits for a line on its standard input; ends with the process that started it.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import os
import signal
import sys
import traceback

from recon.engine.parcel import pack, unpack
from recon.errors import InternalError, ReconError, one_line

#: Slices under way, health and metrics come first.
_NICENESS = 5


def main(given: int, made: int) -> None:
    """Do it; whatever goes wrong is the answer."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    os.nice(_NICENESS)
    for name in sys.argv[3:]:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    if not sys.stdin.readline():  # never asked
        return
    answer: tuple[bool, object]
    try:
        answer = True, unpack(given)()
    except ReconError as error:
        answer = False, error
    except Exception as error:
        traceback.print_exc()
        answer = False, InternalError(f"the whole series could not be worked on: {one_line(error)}")
    pack(answer, made)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
