"""What the sessions of a door share, and what each of them may take."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from recon.client.calls import Calls
from recon.doors.mrd.contrast import EarlierScans
from recon.doors.mrd.noise import NoiseScans


@dataclass(frozen=True)
class Bounds:
    """What one session may take.

    Attributes
    ----------
    held_bytes
        Of readouts and images that came.
    timeout_s
        For a slice or slab in the service.
    """

    held_bytes: int = 8 * 2**30
    timeout_s: float = 600.0


@dataclass
class Surroundings:
    """What the sessions of a door share.

    Attributes
    ----------
    client
        Gives the way to the models, once it is there.
    noise
        Noise scans of earlier sessions.
    scans
        Scans before contrast of earlier sessions.
    bounds
        Of each session.
    """

    client: Callable[[], Calls]
    noise: NoiseScans = field(default_factory=NoiseScans)
    scans: EarlierScans = field(default_factory=EarlierScans)
    bounds: Bounds = field(default_factory=Bounds)
