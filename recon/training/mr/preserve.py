"""What ``recon evaluate preserve mr`` runs on: slices of a volume scanned by simulation, or a site's own k-space."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter

from recon.arrays import FloatArray
from recon.backend.mr_classical import coil_maps
from recon.errors import InvalidRequest
from recon.io.kspace.read import read_mr
from recon.physics.coil_sensitivity import coil_array
from recon.physics.fourier import to_image, to_kspace
from recon.physics.thermal_noise import outer_noise
from recon.preservation.subject import Subject
from recon.training.mr.simulate import smooth_phase
from recon.training.mr.source import read_slices

_SPREAD = 5  # of so many neighbouring slices one is taken


def simulated(name: str, magnitude: FloatArray, coils: int, noise: float, seed: int) -> Subject:
    """A slice (y, x) in an array of loops, with a smooth phase.

    Parameters
    ----------
    noise
        Of a coil's complex samples, over the 98th percentile of the slice.
    seed
        Of the phase.
    """
    shape = (magnitude.shape[0], magnitude.shape[1])
    phase = smooth_phase(shape, np.random.default_rng(seed))
    image = np.asarray(magnitude * np.exp(1j * phase), np.complex64)
    maps = coil_array(shape, (float(shape[0]), float(shape[1])), coils)
    bright = float(np.percentile(magnitude, 98))
    return Subject(name, image, maps, np.zeros_like(maps), noise * bright / float(np.sqrt(2)))


def of_volume(path: Path, slices: int, coils: int, noise: float, seed: int) -> list[Subject]:
    """Slices of a magnitude volume about its middle.

    Raises
    ------
    UnreadableInput
        When it is no volume.
    """
    chosen = read_slices(path, _SPREAD * slices).values[::_SPREAD]
    return [
        simulated(f"{path.name}, slice {number + 1}", magnitude, coils, noise, seed + number)
        for number, magnitude in enumerate(chosen)
    ]


def of_kspace(path: Path, slices: int) -> list[Subject]:
    """Slices of a fully sampled Cartesian scan, evenly spread, each with its own coils and as much noise again.

    Raises
    ------
    InvalidRequest
        When samples are missing, or they lie along a trajectory.
    """
    scan = read_mr(path)[0].kspace
    if scan.kind != "cartesian":
        raise InvalidRequest(f"{path}: {scan.kind}; whole Cartesian k-space is needed, as the truth")
    found = []
    for index in sorted({round((part + 0.5) * scan.slices / slices - 0.5) for part in range(slices)}):
        readouts = scan.load(index)
        if not readouts.mask.all():
            raise InvalidRequest(f"{path}: slice {index + 1} is under-sampled; whole k-space is needed, as the truth")
        kspace = np.ascontiguousarray(readouts.grid)
        mask = np.ones(kspace.shape[1:], bool)
        noise = outer_noise(kspace, mask) / float(np.sqrt(2))
        maps = coil_maps(kspace, mask, noise)
        image = np.asarray((maps.conj() * to_image(kspace)).sum(0), np.complex64)
        rest = np.asarray(kspace - to_kspace(maps * image), np.complex64)
        found.append(Subject(f"{path.name}, slice {index + 1}", image, maps, rest, noise))
    return found


def made_up(size: int = 160, coils: int = 4, noise: float = 0.011) -> Subject:
    """A head with ventricles and texture."""
    y, x = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    radius = np.hypot(x / 0.8, y / 0.92)
    head = np.select([radius < 0.82, radius < 0.88, radius < 1.0], [0.65, 0.05, 1.0], 0.0)
    head[(np.hypot((abs(x) - 0.12) / 0.08, y / 0.25) < 1) & (radius < 0.8)] = 0.15
    head[(radius < 0.8) & (radius > 0.66)] *= 0.8  # grey matter
    head = gaussian_filter(head + 0.02 * np.sin(25 * x) * np.cos(21 * y) * (radius < 0.8), 0.5)
    return simulated("made-up head", head.astype(np.float32), coils, noise, 0)
