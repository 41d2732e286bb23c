"""What users would pick instead: the quality that it gives and the time that it takes, side by side."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from recon import __version__
from recon.arrays import FloatArray
from recon.bench.inputs import mr_slice, readouts
from recon.client import Client
from recon.machine import describe
from recon.physics.ct_dose import Exposure
from recon.physics.reconstruction_kernel import SOFT
from recon.training.ct.bodies import random_body
from recon.training.ct.classical import METHODS
from recon.training.ct.metrics import psnr
from recon.training.ct.simulate import Scanner, added_noise
from recon.values.readouts import KSpace
from recon.volumes import ComplexImage, FloatImage, Geometry, Volume

Told = Callable[[str], object]
_SPACING_MM = 0.8
_NOISE_HU = 25.0


@dataclass(frozen=True)
class Method:
    """One method's result: quality in dB and seconds a slice, which parameter it took, and whether it is ours."""

    method: str
    quality: float
    seconds: float
    parameter: float | None = None
    ours: bool = False


def ct_pair(size: int, seed: int = 0) -> tuple[FloatImage, FloatImage]:
    """A body without noise and the same at low dose, (size, size) HU, noise through filtered back-projection."""
    rng = np.random.default_rng(seed)
    full = _textured(random_body("abdomen", size, _SPACING_MM * 512 / size, rng), rng)
    scanner = Scanner(Exposure(photons=2e5, electronic_noise=3.0, starvation=0.0), SOFT)
    noise = added_noise(full.astype(np.float32), _SPACING_MM * 512 / size, scanner, 0.25, rng)
    tissue = (full > -200) & (full < 250)
    noise *= _NOISE_HU / float(noise[tissue].std())
    return full.astype(np.float32), np.maximum(full + noise, -1024).astype(np.float32)


def _textured(body: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Tissue is not flat: vessels of a few pixels, and a fine texture of 10 HU, both below what edges show."""
    from scipy.ndimage import gaussian_filter

    tissue = (body > -200) & (body < 250)
    fine = gaussian_filter(rng.normal(size=body.shape), 1.2)
    coarse = gaussian_filter(rng.normal(size=body.shape), 5.0)
    texture = 8 * fine / fine.std() + 6 * coarse / coarse.std()
    vessels = gaussian_filter((rng.random(body.shape) < 5e-4).astype(float), 1.5)
    texture += 90 * np.minimum(vessels / vessels.max(), 1)
    return gaussian_filter(body, 0.7) + np.where(tissue, texture, 0)


def non_local_means(hu: FloatArray, sigma: float) -> FloatArray:
    """Non-local means (Buades et al. 2005) in the soft-tissue range, noise of ``sigma`` HU."""
    from skimage.restoration import denoise_nl_means

    part = np.clip(hu, -400, 500)
    smooth = denoise_nl_means(part, patch_size=5, patch_distance=6, h=0.8 * sigma, sigma=sigma, fast_mode=True)
    return hu - part + smooth


CLASSICAL = {**METHODS, "non-local means": (non_local_means, (15.0, 25.0, 35.0))}


def ct_peers(client: Client, size: int, told: Told = lambda _: None) -> dict[str, Any]:
    """Denoising of a simulated low-dose slice; each classical method at the parameter that the truth favours."""
    full, low = ct_pair(size)
    found = []
    for name, (method, parameters) in CLASSICAL.items():
        told(f"ct: {name}")
        found.append(_best(name, low, full, method, parameters))
    geometry = Geometry.from_spacing(_SPACING_MM, _SPACING_MM, 3.0)
    told("ct: recon")
    found.append(_ours(lambda: client.denoise_ct(Volume(low[None], geometry)), lambda image: psnr(image, full)))
    eager = _torch_eager(low, full)
    return {
        "measure": "PSNR in the display window -160 to 240 HU, dB",
        "data": f"simulated abdomen with texture and vessels, {size} x {size}, {_NOISE_HU:.0f} HU of noise",
        "input_quality": psnr(low, full),
        "methods": [vars(row) for row in [*found, *eager]],
    }


def mr_peers(client: Client, size: int = 160, coils: int = 8, told: Told = lambda _: None) -> dict[str, Any]:
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
        found.append(Method(f"{name} (SigPy)", quality(image), time.perf_counter() - began))
    geometry = Geometry.from_spacing(1.0, 1.0, 3.0)
    told("mr: recon")
    series = KSpace(1, coils, size, size, geometry, lambda _: readouts(kspace))
    found.append(_ours(lambda: client.reconstruct_mr(series), quality))
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


def _best(
    name: str, low: FloatImage, full: FloatImage, method: Callable[[FloatArray, float], FloatArray],
    parameters: Sequence[float],
) -> Method:  # fmt: skip
    best: Method | None = None
    for parameter in parameters:
        began = time.perf_counter()
        image = method(low.astype(np.float64), float(parameter))
        found = Method(name, psnr(image, full), time.perf_counter() - began, float(parameter))
        if best is None or found.quality > best.quality:
            best = found
    assert best is not None
    return best


def _ours(series: Callable[[], Any], quality: Callable[[FloatArray], float]) -> Method:
    """The service from the caller's side, once it is warm."""
    list(series())
    stream = series()
    began = time.perf_counter()
    image = next(iter(stream)).image
    spent = time.perf_counter() - began
    for _ in stream:
        pass
    name = stream.model.name if stream.model else "default model"
    return Method(f"recon ({name})", quality(image), spent, ours=True)


def _torch_eager(low: FloatImage, full: FloatImage) -> list[Method]:
    """The CT network in Python, without a service."""
    from recon.bench.routes.network import weights_of
    from recon.bench.runtimes import cores
    from recon.bench.torch_eager import TorchEager, ct_network

    network = ct_network(weights_of("ct_denoise"))
    if network is None:
        return []
    run = TorchEager(network, cores())
    run(low[None, None])
    began = time.perf_counter()
    image = low - run(low[None, None])[0, 0]
    return [Method("the same network, torch eager", psnr(image, full), time.perf_counter() - began)]


def record(tasks: dict[str, Any]) -> dict[str, Any]:
    """The record of a comparison with peers."""
    return {
        "format": 1, "kind": "peers", "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "software": __version__, "machine": describe(), "tasks": tasks,
    }  # fmt: skip
