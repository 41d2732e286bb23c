"""What users would pick for MR from k-space."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from recon.arrays import FloatArray
from recon.bench.peers.method import MethodResult, ours
from recon.client import Client
from recon.tasks.mr.sample import mr_slice, readouts
from recon.values.readouts import KSpace
from recon.volumes import ComplexImage, Geometry


def compare(
    client: Client, told: Callable[[str], object] = lambda _: None, size: int = 160, coils: int = 8
) -> dict[str, Any]:
    """Reconstruction of a simulated under-sampled slice."""
    truth, kspace = mr_slice(0, size, coils)

    def quality(image: FloatArray) -> float:
        return magnitude_psnr(np.abs(image), truth)

    found = []
    for name, method in {"SENSE": _sense, "ESPIRiT + L1-wavelet": _l1_wavelet}.items():
        told(f"mr: {name}")
        method(kspace)  # compiles
        began = time.perf_counter()
        image = method(kspace)
        found.append(MethodResult(f"{name} (SigPy)", quality(image), time.perf_counter() - began))
    geometry = Geometry.from_spacing(1.0, 1.0, 3.0)
    told("mr: recon")
    series = KSpace(1, coils, size, size, geometry, lambda _: readouts(kspace))
    found.append(ours(lambda: client.reconstruct_mr(series, probes="off"), quality))
    return {
        "measure": "PSNR of the magnitude, dB",
        "data": f"simulated head, {size} x {size}, {coils} coils, every fourth line and 24 central ones",
        "input_quality": quality(zero_filled(kspace)),
        "methods": [vars(row) for row in found],
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


def _sense(kspace: ComplexImage) -> FloatArray:
    from sigpy.mri.app import SenseRecon

    return np.abs(SenseRecon(kspace, _maps(kspace), lamda=1e-3, max_iter=30, show_pbar=False).run())


def _l1_wavelet(kspace: ComplexImage) -> FloatArray:
    from sigpy.mri.app import L1WaveletRecon

    scaled = kspace / np.abs(kspace).max()
    return np.abs(L1WaveletRecon(scaled, _maps(kspace), 1e-4, max_iter=60, show_pbar=False).run())
