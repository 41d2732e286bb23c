"""Raw data of a scan that never was: k-space of known anatomy, as scanners would have acquired it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recon.arrays import Mask
from recon.errors import InvalidRequest
from recon.physics import sampling
from recon.physics.coil_sensitivity import coil_array
from recon.physics.fourier import to_image, to_kspace
from recon.volumes import ComplexImage, FloatImage, Volume

ENCODINGS = ("cartesian", "radial", "spiral")
MASKS = ("equispaced", "random", "poisson")


@dataclass(frozen=True)
class ScanProtocol:
    """How a scan is acquired.

    Attributes
    ----------
    encoding
        ``cartesian``, ``radial`` or ``spiral``.
    acceleration
        Lines (or readouts) of a full scan over those acquired.
    mask
        ``equispaced``, ``random`` (lines) or ``poisson`` (both directions of a 3D scan's plane).
    calibration
        Fully sampled lines in the centre.
    partial_fourier
        Share of the phase encoding that is acquired, from the end of k-space.
    coils
        Receive loops.
    noise
        Standard deviation of a coil's complex noise over the mean signal of the object.
    phase_rad
        Largest phase of the object, a smooth one.
    trajectory_error
        Standard deviation of readouts' displacement along themselves, in samples: gradient delays.
    seed
        Of all that is random.
    """

    encoding: str = "cartesian"
    acceleration: float = 4.0
    mask: str = "equispaced"
    calibration: int = 24
    partial_fourier: float = 1.0
    coils: int = 8
    noise: float = 0.02
    phase_rad: float = 1.0
    trajectory_error: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        for name, value, known in (("encoding", self.encoding, ENCODINGS), ("mask", self.mask, MASKS)):
            if value not in known:
                raise InvalidRequest(f"{name} is {value}; there are {', '.join(known)}", field=name)
        for name, number, low, high in (
            ("acceleration", self.acceleration, 1, 32),
            ("partial_fourier", self.partial_fourier, 0.55, 1),
            ("coils", self.coils, 1, 128),
            ("noise", self.noise, 0, 10),
            ("calibration", self.calibration, 0, 512),
            ("trajectory_error", self.trajectory_error, 0, 10),
        ):
            if not low <= number <= high:
                raise InvalidRequest(f"{name} is {number}; it must lie between {low} and {high}", field=name)


@dataclass(frozen=True)
class SimulatedScan:
    """Raw data and the truth behind it.

    Attributes
    ----------
    protocol, volume
        How and what was scanned.
    kspace
        (slice, coil, y, x) complex64, x the readout, zero where not measured; along a trajectory (slice,
        coil, readout, sample).
    mask
        (y, x) or (readout, sample) bool: what was measured in every slice.
    trajectory
        (readout, sample, 2) as the scanner believes it, cycles per pixel; None for Cartesian.
    noise_std
        Of a coil's real part.
    """

    protocol: ScanProtocol
    volume: Volume
    kspace: ComplexImage
    mask: Mask
    trajectory: FloatImage | None
    noise_std: float


def simulate(volume: Volume, protocol: ScanProtocol) -> SimulatedScan:
    """Scan the magnitude images of a volume.

    Parameters
    ----------
    volume
        (slice, y, x); x becomes the readout.
    protocol
        Of the scan.
    """
    random = np.random.default_rng(protocol.seed)
    _, rows, columns = volume.shape
    spacing = volume.geometry.spacing
    maps = coil_array((rows, columns), (rows * spacing[1], columns * spacing[0]), protocol.coils)
    object_phase = np.exp(1j * protocol.phase_rad * smooth_phase((rows, columns), random))
    images = volume.values[:, None] * maps * object_phase
    inside = volume.values > 0.1 * np.percentile(volume.values, 99)
    signal = float(volume.values[inside].mean()) if inside.any() else 1.0
    std = protocol.noise * signal / np.sqrt(2)
    if protocol.encoding == "cartesian":
        mask = cartesian_mask((rows, columns), protocol, random)
        kspace = _displaced(to_kspace(images.astype(np.complex64)), protocol.trajectory_error, random)
        path = None
    else:
        path = trajectory(protocol.encoding, max(rows, columns), protocol.acceleration)
        kspace = _along(images, path, protocol.trajectory_error, random)
        mask = np.ones(kspace.shape[-2:], bool)
    noise = random.normal(size=kspace.shape) + 1j * random.normal(size=kspace.shape)
    measured = ((kspace + std * noise) * mask).astype(np.complex64)
    return SimulatedScan(protocol, volume, measured, mask, path, std)


def smooth_phase(shape: tuple[int, int], random: np.random.Generator) -> FloatImage:
    """A second-order polynomial (y, x) between -1 and 1, as of an inhomogeneous field."""
    y, x = np.meshgrid(*(np.linspace(-1, 1, side) for side in shape), indexing="ij")
    terms = np.stack([x, y, x * y, x * x, y * y])
    phase = np.tensordot(random.normal(size=len(terms)), terms, 1)
    return np.asarray(phase / max(float(np.abs(phase).max()), 1e-9), np.float32)


def cartesian_mask(shape: tuple[int, int], protocol: ScanProtocol, random: np.random.Generator) -> Mask:
    """Measured samples (y, x); lines along x unless the pattern is Poisson-disc."""
    rows, columns = shape
    if protocol.mask == "poisson" and protocol.acceleration > 1:
        from sigpy.mri import poisson

        block = min(protocol.calibration, rows, columns)
        mask = np.asarray(poisson(shape, protocol.acceleration, calib=(block, block), seed=protocol.seed)) != 0
    elif protocol.mask == "random" and protocol.acceleration > 1:
        lines = sampling.random_columns(rows, protocol.acceleration, protocol.calibration, random)
        mask = np.broadcast_to(lines[:, None], shape)
    else:
        lines = sampling.equispaced(rows, round(protocol.acceleration), protocol.calibration)
        mask = np.broadcast_to(lines[:, None], shape)
    return np.asarray(mask & sampling.partial_fourier(rows, protocol.partial_fourier)[:, None])


def trajectory(kind: str, matrix: int, acceleration: float) -> FloatImage:
    """Readouts (readout, sample, 2) over a disc of k-space, along x, then y, in cycles per pixel.

    Parameters
    ----------
    kind
        ``radial``: spokes through the centre, pi/2 times the matrix for a full scan; ``spiral``:
        interleaved Archimedean spirals from the centre, one turn for each pixel of half the matrix.
    matrix
        Pixels a side.
    acceleration
        Readouts of a full scan over those wanted.
    """
    if kind == "radial":
        spokes = max(1, round(0.5 * np.pi * matrix / acceleration))
        radius = (np.arange(2 * matrix) - matrix) / (2 * matrix)
        angles = np.pi * np.arange(spokes) / spokes
        paths = radius[:, None] * np.stack([np.cos(angles), np.sin(angles)], -1)[:, None]
    else:
        leaves = max(1, round(16 / acceleration))
        turns = matrix / 2 / 16
        samples = int(1.2 * np.pi * matrix * turns)
        share = np.sqrt(np.linspace(0, 1, samples))  # even density over the disc
        angles = 2 * np.pi * (turns * share + np.arange(leaves)[:, None] / leaves)
        paths = 0.5 * share[:, None] * np.stack([np.cos(angles), np.sin(angles)], -1)
    return np.clip(paths, -0.5, 0.5).astype(np.float32)


def _along(images: ComplexImage, path: FloatImage, error: float, random: np.random.Generator) -> ComplexImage:
    import sigpy

    rows, columns = images.shape[-2:]
    steps = np.gradient(path, axis=1)
    actual = path + steps * (error * random.normal(size=(len(path), 1, 1)))
    coordinates = actual[..., ::-1] * np.array([rows, columns])
    return np.asarray(sigpy.nufft(images.astype(np.complex64), coordinates), np.complex64)


def _displaced(kspace: ComplexImage, error: float, random: np.random.Generator) -> ComplexImage:
    """Each line read out a little early or late."""
    if error == 0:
        return kspace
    rows, columns = kspace.shape[-2:]
    shift = error * random.normal(size=rows)
    ramp = np.exp(-2j * np.pi * np.outer(shift, np.arange(columns) - columns // 2) / columns)
    return to_kspace(to_image(kspace, axes=(-1,)) * ramp, axes=(-1,))
