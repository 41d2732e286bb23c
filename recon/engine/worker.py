"""``python -m recon.engine.worker SOCKET [MODULE...]``: one piece of work after the other, from file to file in memory.

Started ahead of time, so that it waits on its socket, by which both files come; ends with the process that started it.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import os
import signal
import socket
import sys
import traceback

from recon.engine.parcel import pack, unpack
from recon.errors import InternalError, ReconError, one_line

#: Slices under way, health and metrics come first.
_NICENESS = 5


def main(line: socket.socket, modules: list[str]) -> None:
    """Work until nobody is at the other end."""
    libc = ctypes.CDLL(None)
    libc.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    os.nice(_NICENESS)
    for name in modules:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    while True:
        asked, files, _, _ = socket.recv_fds(line, 16, 2)
        if not asked:
            return
        given, made = files
        pack(_answer(given), made)
        os.close(given)
        os.close(made)
        libc.malloc_trim(0)  # a process that waits holds nothing of the last series
        line.send(b"done")


def _answer(given: int) -> tuple[bool, object]:
    """Whether it succeeded and what it made; whatever goes wrong is an answer too."""
    try:
        return True, unpack(given)()
    except ReconError as error:
        return False, error
    except Exception as error:
        traceback.print_exc()
        return False, InternalError(f"the whole series could not be worked on: {one_line(error)}")


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])), sys.argv[2:])
