"""CPU time and memory of every process that takes part."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from recon.errors import InvalidRequest

_MIB = 1024.0


@dataclass(frozen=True)
class Usage:
    """Of one process since it started.

    Attributes
    ----------
    cpu_s
        User and system time.
    resident_mib
        Its own memory now, without what it shares.
    peak_mib
        The most it ever held, shared memory included.
    """

    cpu_s: float
    resident_mib: float
    peak_mib: float


def role_of(process: psutil.Process) -> str | None:
    """What a process under a gateway is in this system; None for helpers that don't count."""
    name = process.name()
    if name.startswith("tritonserver"):
        return "Triton"
    return "models" if "stub" in name or "stub" in " ".join(process.cmdline()[:1]) else None


class Processes:
    """The processes that take part, by role.

    Parameters
    ----------
    roots
        Role of each root process by its id. A root's Triton and models are found by themselves.
    alone
        Roots that are taken without what they started.
    """

    def __init__(self, roots: dict[int, str], alone: frozenset[int] = frozenset()) -> None:
        self._roots, self._alone = roots, alone
        #: Those whose processes that have ended count as theirs.
        self._gone = {role for pid, role in roots.items() if pid not in alone}

    def usage(self) -> dict[str, Usage]:
        """Of every role; where several processes have the same, their sum."""
        found: dict[str, Usage] = {}
        for role, pid in self._members():
            with contextlib.suppress(psutil.Error, OSError, KeyError):
                one, before = usage_of(pid, ended=role in self._gone), found.get(role, Usage(0, 0, 0))
                found[role] = Usage(
                    before.cpu_s + one.cpu_s,
                    before.resident_mib + one.resident_mib,
                    before.peak_mib + one.peak_mib,
                )
        return found

    def _members(self) -> Iterator[tuple[str, int]]:
        for pid, role in self._roots.items():
            yield role, pid
            if pid in self._alone:
                continue
            with contextlib.suppress(psutil.Error):
                for child in psutil.Process(pid).children(recursive=True):
                    with contextlib.suppress(psutil.Error):
                        if child.pid in self._roots:
                            continue
                        part = role_of(child)
                        if part is not None:
                            yield f"{role}: {part}", child.pid
                        elif _works_on_series(child):
                            yield role, child.pid


def _works_on_series(process: psutil.Process) -> bool:
    """Whether it is one that a gateway gives a whole series to, and which ends with it."""
    return "recon.engine.worker" in process.cmdline()


def usage_of(pid: int, *, ended: bool = False) -> Usage:
    """CPU time and memory of one process; with ``ended`` also the time of those that it started and that have ended."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    status = dict(line.split(":", 1) for line in lines if ":" in line)
    kib = {key: int(status[key].split()[0]) for key in ("VmRSS", "RssShmem", "VmHWM")}
    times = psutil.Process(pid).cpu_times()
    spent = times.user + times.system + (times.children_user + times.children_system if ended else 0.0)
    return Usage(spent, (kib["VmRSS"] - kib["RssShmem"]) / _MIB, kib["VmHWM"] / _MIB)


def listener(address: str) -> int | None:
    """Process that listens on HOST:PORT of this machine; None where it can't be seen.

    Raises
    ------
    InvalidRequest
        When the address has no port.
    """
    _, _, port = address.rpartition(":")
    if not port.isdigit():
        raise InvalidRequest(f"{address} is no HOST:PORT")
    with contextlib.suppress(psutil.Error):
        for connection in psutil.net_connections("tcp"):
            if connection.laddr and connection.laddr.port == int(port) and connection.status == "LISTEN":
                return connection.pid
    return None


def own() -> int:
    """The process that runs this."""
    return os.getpid()


def busy_s() -> float:
    """CPU time that all processes of the machine have spent, and that its host took away, s."""
    times = psutil.cpu_times()
    return float(times.user + times.nice + times.system + times.irq + times.softirq + times.steal)
