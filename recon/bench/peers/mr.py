"""What users would pick for MR from k-space."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from recon.arrays import FloatArray
from recon.bench.peers import bart
from recon.bench.peers.method import Absent, best_of, ours
from recon.bench.processes import Processes
from recon.client import Client
from recon.tasks.mr.sample import mr_slice, readouts
from recon.values.readouts import KSpace
from recon.volumes import ComplexImage, Geometry

_WEIGHTS = (0.001, 0.003, 0.01)


def compare(
    client: Client,
    processes: Processes,
    told: Callable[[str], object] = lambda _: None,
    size: int = 160,
    coils: int = 8,
) -> dict[str, Any]:
    """Reconstruction of a simulated under-sampled slice."""
    truth, kspace = mr_slice(0, size, coils)
    small = mr_slice(0, 64, 4)[1]

    def quality(image: FloatArray) -> float:
        return magnitude_psnr(np.abs(image), truth)

    found, absent = [], []
    for name, method, weights in (
        ("SENSE (SigPy)", sense, (0.001,)),
        ("ESPIRiT + L1-wavelet (SigPy)", l1_wavelet, (1e-4,)),
    ):
        told(f"mr: {name}")
        found.append(best_of(name, kspace, quality, method, weights, small))
    for name, method in (
        ("SENSE (BART ecalib, pics -l2)", bart.sense),
        ("ESPIRiT + L1-wavelet (BART ecalib, pics -l1)", bart.l1_wavelet),
    ):
        told(f"mr: {name}")
        if bart.installed():
            found.append(best_of(name, kspace, quality, method, _WEIGHTS, small))
        else:
            absent.append(Absent(name, bart.MISSING))
    geometry = Geometry.from_spacing(1.0, 1.0, 3.0)
    series = KSpace(1, coils, size, size, geometry, lambda _: readouts(kspace))
    for model in ("", "sense"):
        told(f"mr: recon {model}")
        ask = {"probes": "off", **({"model": model} if model else {})}
        found.append(ours(lambda ask=ask: client.reconstruct_mr(series, **ask), quality, processes))  # type: ignore[misc]
    return {
        "measure": "PSNR of the magnitude, dB",
        "data": f"simulated head, {size} x {size}, {coils} coils, every fourth line and 24 central ones",
        "input_quality": quality(zero_filled(kspace)),
        "methods": [vars(row) for row in found],
        "absent": [vars(row) for row in absent],
    }


def magnitude_psnr(image: FloatArray, truth: FloatArray) -> float:
    """Of an image (y, x) after the factor that fits it best, since scanners' units are arbitrary; dB."""
    largest = float(np.abs(image).max())
    image = image.astype(np.float64) / (largest or 1.0)
    energy = float((image * image).sum())
    scale = float((image * truth).sum()) / energy if energy else 0.0
    error = float(np.sqrt(np.mean((scale * image - truth) ** 2)))
    return float(20 * np.log10(float(truth.max()) / max(error, 1e-9)))


def zero_filled(kspace: ComplexImage) -> FloatArray:
    """Root of the sum of squares of the coils' images."""
    import sigpy

    return np.sqrt((np.abs(sigpy.ifft(kspace, axes=(-2, -1))) ** 2).sum(0))


def _maps(kspace: ComplexImage) -> ComplexImage:
    from sigpy.mri.app import EspiritCalib

    return np.asarray(EspiritCalib(kspace, calib_width=24, crop=0, show_pbar=False).run(), np.complex64)


def sense(kspace: ComplexImage, weight: float) -> FloatArray:
    """SigPy's SENSE with ESPIRiT maps: magnitude (y, x) of k-space (coils, ky, kx)."""
    from sigpy.mri.app import SenseRecon

    return np.abs(SenseRecon(kspace, _maps(kspace), lamda=weight, max_iter=30, show_pbar=False).run())


def l1_wavelet(kspace: ComplexImage, weight: float) -> FloatArray:
    """SigPy's compressed sensing with wavelets: magnitude (y, x) of k-space (coils, ky, kx)."""
    from sigpy.mri.app import L1WaveletRecon

    scaled = kspace / np.abs(kspace).max()
    return np.abs(L1WaveletRecon(scaled, _maps(kspace), weight, max_iter=60, show_pbar=False).run())
