"""Which reconstruction fits a scan, and why: one table, best first."""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass

from recon.physics.sampling import Mask, calibration_size
from recon.values.readouts import Readouts


@dataclass(frozen=True)
class Sampling:
    """What the choice looks at.

    Attributes
    ----------
    kind
        ``cartesian``, ``radial`` or ``spiral``.
    coils, rows, columns
        Of the k-space; for a trajectory, samples and readouts.
    acceleration
        Samples of the matrix over samples measured.
    calibration
        Shorter side of the fully sampled centre.
    """

    kind: str
    coils: int
    rows: int
    columns: int
    acceleration: float = 1.0
    calibration: int = 0

    @property
    def words(self) -> str:
        """For a person."""
        coils = f"{self.coils} coil{'s' if self.coils > 1 else ''}"
        if self.kind != "cartesian":
            return f"{self.kind}, {self.columns} readouts of {self.rows} samples, {coils}"
        return (
            f"Cartesian {self.rows}x{self.columns}, {coils}, acceleration {self.acceleration:.2f}, "
            f"calibration region {self.calibration}"
        )


@dataclass(frozen=True)
class Choice:
    """A model, the scans that it is best for, and the reason in words."""

    model: str
    fits: Callable[[Sampling], bool]
    reason: str


#: First that fits is the default.
CHOICES = (
    Choice(
        "mr_unrolled",
        lambda s: (
            s.kind == "cartesian"
            and 1.2 < s.acceleration <= 9
            and s.calibration >= 12
            and max(s.rows, s.columns) <= 512
            and s.coils <= 64
        ),
        "undersampled as the network was trained for, with a fully sampled centre to calibrate coils",
    ),
    Choice(
        "l1-wavelet",
        lambda s: s.kind == "cartesian" and s.acceleration > 1.2 and s.calibration >= 12,
        "undersampled, with a fully sampled centre to calibrate coils",
    ),
    Choice("sense", lambda s: s.kind != "cartesian" and s.coils > 1, "a trajectory seen by several coils"),
    Choice("zero-filled", lambda s: s.kind != "cartesian", "a trajectory seen by one coil"),
    Choice("zero-filled", lambda s: s.acceleration <= 1.2, "nearly fully sampled: nothing has to be completed"),
    Choice("zero-filled", lambda s: True, "undersampled without a fully sampled centre: coils can't be calibrated"),
)


def choose(sampling: Sampling, wanted: str = "", served: Container[str] | None = None) -> tuple[str, str]:
    """The model for a scan, and why.

    Parameters
    ----------
    sampling
        Of the scan, from :func:`sampling_of`.
    wanted
        Model that the caller names; it is taken as it is.
    served
        Names of the models that there are; None for all.
    """
    if wanted:
        return wanted, f"{wanted}: as asked; {sampling.words}"
    fitting = [choice for choice in CHOICES if choice.fits(sampling)]
    first = next((choice for choice in fitting if served is None or choice.model in served), fitting[-1])
    return first.model, f"{first.model}: {first.reason}; {sampling.words}"


def sampling_of(mask: Mask, coils: int) -> Sampling:
    """Of a Cartesian slice: mask (ky, kx) of measured samples."""
    rows, columns = mask.shape
    measured = int(mask.sum())
    return Sampling(
        "cartesian", coils, rows, columns, mask.size / max(measured, 1),
        min(calibration_size(mask)) if measured else 0,
    )  # fmt: skip


def sampling_of_readouts(readouts: Readouts, kind: str) -> Sampling:
    """Of a slice."""
    _, coils, samples = readouts.samples.shape
    if kind != "cartesian":
        return Sampling(kind, coils, samples, int(readouts.mask.any(axis=1).sum()))
    return sampling_of(readouts.mask.T, coils)
