"""What users would pick for low-dose CT."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from recon.arrays import FloatArray
from recon.bench.peers.method import MethodResult, best_of, ours
from recon.client import Client
from recon.physics.ct_dose import Exposure
from recon.physics.reconstruction_kernel import SOFT
from recon.training.ct.bodies import random_body
from recon.training.ct.classical import METHODS
from recon.training.ct.metrics import psnr
from recon.training.ct.simulate import Scanner, added_noise
from recon.volumes import FloatImage, Geometry, Volume

SIZE = 512
_SPACING_MM = 0.8
_NOISE_HU = 25.0


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


def compare(client: Client, told: Callable[[str], object] = lambda _: None, size: int = SIZE) -> dict[str, Any]:
    """Denoising of a simulated low-dose slice; each classical method at the parameter that the truth favours."""
    full, low = ct_pair(size)
    found = []
    for name, (method, parameters) in CLASSICAL.items():
        told(f"ct: {name}")
        found.append(best_of(name, low, lambda image: psnr(image, full), method, parameters))
    geometry = Geometry.from_spacing(_SPACING_MM, _SPACING_MM, 3.0)
    told("ct: recon")
    found.append(
        ours(lambda: client.denoise_ct(Volume(low[None], geometry), probes="off"), lambda image: psnr(image, full))
    )
    eager = _torch_eager(low, full)
    return {
        "measure": "PSNR in the display window -160 to 240 HU, dB",
        "data": f"simulated abdomen with texture and vessels, {size} x {size}, {_NOISE_HU:.0f} HU of noise",
        "input_quality": psnr(low, full),
        "methods": [vars(row) for row in [*found, *eager]],
    }


def _torch_eager(low: FloatImage, full: FloatImage) -> list[MethodResult]:
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
    return [MethodResult("the same network, torch eager", psnr(image, full), time.perf_counter() - began)]
