"""A scanner's door with a whole service behind it, for as long as a measurement lasts."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from recon.errors import ServiceUnavailable

_LISTENS, _GRPC, _READY = "recon mrd listens on ", "its service answers gRPC on ", "recon mrd is ready"


@contextmanager
def own_door(repository: Path) -> Iterator[tuple[str, str]]:
    """Start ``recon mrd serve`` on a free loopback port; yields its address and that of its service.

    Raises
    ------
    ServiceUnavailable
        When it does not start.
    """
    command = [
        sys.executable,
        "-m",
        "recon.cli",
        "mrd",
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--repository",
        str(repository),
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    try:
        lines = []
        for line in process.stdout:
            lines.append(line.strip())
            if line.startswith(_READY):
                break
        else:
            raise ServiceUnavailable(f"the door did not start: {(lines or ['no output'])[-1]}")
        found = {key: line.partition(key)[2] for key in (_LISTENS, _GRPC) for line in lines if key in line}
        yield found[_LISTENS], found[_GRPC]
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()
