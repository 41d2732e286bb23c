"""What comes back: slices, the model that made them, and what is said about the whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from recon.quality.interval import Interval
from recon.quality.strength import ChosenStrength
from recon.quality.survival import Survival
from recon.quality.verdict import Check, Verdict
from recon.volumes import FloatImage


@dataclass(frozen=True)
class ImageSlice:
    """One finished slice.

    Attributes
    ----------
    index
        Position in the series, from 0.
    image
        (y, x) float32, in the unit of the task.
    uncertainty
        (y, x) float32, same unit: half the width of the 90 % interval; NaN where the method knows none.
    verdict, checks
        Whether the slice may be used, and why.
    extra
        Further pictures (y, x) float32 by name, such as ``"DETECTABILITY"``.
    """

    index: int
    image: FloatImage
    uncertainty: FloatImage
    verdict: Verdict
    checks: list[Check]
    extra: Mapping[str, FloatImage] = field(default_factory=dict)


@dataclass(frozen=True)
class ModelIdentity:
    """What makes the images, known as soon as the service has accepted a series.

    Attributes
    ----------
    name, version, sha256
        Of the model.
    software_version
        Of the service.
    interval
        What the uncertainty means, as far as the header tells.
    reason
        Why this model, where the service chose it.
    tuning
        Runtime, threads and instances, where they were chosen by measurement.
    strength
        How much is smoothed, where the service chose it.
    """

    name: str
    version: str
    sha256: str
    software_version: str
    interval: Interval
    reason: str = ""
    tuning: str = ""
    strength: ChosenStrength | None = None

    def __str__(self) -> str:
        return f"{self.name}:{self.version} sha256:{self.sha256[:16]}"


@dataclass(frozen=True)
class SeriesReport:
    """What is known once a series is complete.

    Attributes
    ----------
    verdict
        The service's, or a slice's where that is worse.
    checks
        Of each name the worst; what to look at first comes first.
    interval
        What the uncertainty means, now that the series is known.
    timings_ms
        Where the service's time went.
    attempts
        How often the stream had to be opened.
    probes
        What became of known lesions; empty where none were added, or none could be.
    """

    verdict: Verdict
    checks: list[Check]
    interval: Interval
    timings_ms: dict[str, float]
    attempts: int
    probes: list[Survival] = field(default_factory=list)
