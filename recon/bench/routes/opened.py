"""What a run has at hand while it lasts: the open ways to the images, by name, and what they are held against."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from recon.bench.observation import Route
from recon.errors import InvalidRequest

BARE, TASK, GATEWAY = "bare runtime", "task in one process", "gateway"
BODY, SHARED = "Triton, request body", "Triton, shared memory"


@dataclass(frozen=True)
class Agreement:
    """How a gateway's images are held against those of the network in this process.

    Attributes
    ----------
    difference
        Largest one, of the gateway at an address and for an input.
    most
        Above it the gateway is wrong.
    unit
        Of both.
    """

    difference: Callable[[str, int], Awaitable[float]]
    most: float
    unit: str


@dataclass
class Routes:
    """Open routes by name.

    Attributes
    ----------
    routes
        In the order of what they add.
    agreement
        For looking at what came back; None where there is no network in this process.
    prepare
        Makes an input ahead of time, so that making it does not count.
    triton_pid
        Of the Triton that was started for them.
    notes
        What was chosen on this machine.
    """

    routes: dict[str, Route] = field(default_factory=dict)
    agreement: Agreement | None = None
    prepare: Callable[[int], object] = lambda _: None
    triton_pid: int | None = None
    notes: dict[str, Any] = field(default_factory=dict)


def require_known(names: Iterable[str], known: Sequence[str]) -> set[str]:
    """The names as a set.

    Raises
    ------
    InvalidRequest
        When there is no such route.
    """
    wanted = set(names)
    if unknown := wanted - set(known):
        raise InvalidRequest(f"no such route: {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    return wanted
