"""What this user may do in namespaces of the system: tests that mount, or cut the network off, ask before."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache


@cache
def may_mount() -> bool:
    """Whether a file system can be mounted for one process alone."""
    return _works("-m", "mount -t tmpfs none /tmp")


@cache
def may_cut_off() -> bool:
    """Whether a process can have a network of its own, with nothing in it but itself."""
    return bool(shutil.which("ip")) and _works("-n", "ip link set lo up")


def _works(kind: str, script: str) -> bool:
    if not shutil.which("unshare"):
        return False
    return subprocess.run(["unshare", kind, "sh", "-c", script], capture_output=True, check=False).returncode == 0
