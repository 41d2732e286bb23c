"""One run at a time on a ledger, and only on a disk of this machine."""

from __future__ import annotations

import fcntl
import os
import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from recon.errors import InvalidRequest, OutputFailed

NAME = "ledger.lock"
_NETWORK = ("nfs", "cifs", "smb", "fuse", "sshfs", "ceph", "lustre", "gluster", "9p", "afs", "ncpfs", "beegfs")
_LOOKS, _LOOK_S = 10, 0.02
_MOUNTS = Path("/proc/self/mountinfo")


class LedgerInUse(InvalidRequest):
    """Another run holds the ledger."""


def file_system(path: Path, mounts: Path = _MOUNTS) -> str:
    """Type of the file system that holds a path, such as ``ext4``; empty where the system doesn't tell.

    Parameters
    ----------
    path
        Needs not exist.
    mounts
        A table in the form of Linux's ``/proc/self/mountinfo``.
    """
    if not mounts.exists():
        return ""
    target, best, kind = os.path.realpath(path), -1, ""
    for line in mounts.read_bytes().splitlines():
        left, _, right = line.partition(b" - ")
        words = left.split()
        # blanks and the like are written as octal numbers
        plain = re.sub(rb"\\([0-7]{3})", lambda found: bytes([int(found[1], 8)]), words[4] if len(words) > 4 else b"")
        point = os.fsdecode(plain)
        inside = target == point or target.startswith(point.rstrip("/") + "/")
        if point and inside and len(point) >= best:  # of mounts on top of each other the last one counts
            best, kind = len(point), os.fsdecode((right.split() or [b""])[0])
    return kind


def refuse_network(path: Path, mounts: Path = _MOUNTS) -> None:
    """Refuse a ledger on a network file system, where SQLite's locks and shared memory do not hold.

    Raises
    ------
    InvalidRequest
        Saying what to do instead.
    """
    kind = file_system(path, mounts)
    if kind.startswith(_NETWORK):
        raise InvalidRequest(
            f"{path} lies on a network file system ({kind}), where the ledger can't be kept safe; "
            "give -o a folder on a disk of this machine and copy the results afterwards"
        )


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold the lock of an output folder; the system frees it when the process ends, however it ends.

    Raises
    ------
    LedgerInUse
        When another process holds it.
    OutputFailed
        When the folder can't be written.
    """
    try:
        handle = os.open(folder / NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise OutputFailed(f"{folder}: can't be written ({error.strerror}); choose another folder with -o") from error
    try:
        if not _locked(handle):
            who = os.read(handle, 200).decode(errors="replace").strip() or "another process"
            raise LedgerInUse(
                f"{folder}: a run is under way ({who}); wait for it, or stop it with `recon batch cancel {folder}`"
            )
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"process {os.getpid()} on {socket.gethostname()}\n".encode(), 0)
        yield
    finally:
        os.close(handle)


def _locked(handle: int) -> bool:
    """Take the lock; a ``status`` that looks at it (:func:`is_held`) has it for an instant and is waited for."""
    for _ in range(_LOOKS):
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_LOOK_S)
        else:
            return True
    return False


def is_held(folder: Path) -> bool:
    """Whether a run is under way."""
    try:
        handle = os.open(folder / NAME, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False
