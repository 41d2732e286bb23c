"""What a caller wants of every slice of a pair."""

from __future__ import annotations

from dataclasses import dataclass

from recon.quality.survival import Lesion
from recon.tasks.contrast.probes import LESIONS
from recon.tasks.probe import Probes


@dataclass(frozen=True)
class Wanted:
    """What is wanted of every slice.

    Attributes
    ----------
    strength
        Share of the network's result; the rest is the smoothed difference.
    probes
        On which slices lesions are added.
    maps
        Whether a picture of what they keep is.
    lesion
        The first of them.
    """

    strength: float = 1.0
    probes: Probes = Probes.OFF
    maps: bool = False
    lesion: Lesion = LESIONS[0]
