"""What users would pick for low-dose CT."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from recon.arrays import FloatArray
from recon.bench.peers import scikit_image
from recon.bench.peers.method import REPEATS, Absent, MethodResult, best_of, ours
from recon.bench.peers.other_gateways import bare_triton, pytriton
from recon.bench.processes import Processes
from recon.bench.routes.network import weights_of
from recon.client import Client
from recon.physics.ct_dose import Exposure
from recon.physics.reconstruction_kernel import SOFT
from recon.tasks.ct.denoise import STEP_HU
from recon.training.ct.bodies import random_body
from recon.training.ct.classical import METHODS, ClassicalDenoiser
from recon.training.ct.metrics import psnr
from recon.training.ct.simulate import Scanner, added_noise
from recon.volumes import FloatImage, Geometry, Volume

SIZE = 512
#: Of the part that warms a method up.
_SMALL = 64
_SPACING_MM = 0.8
_NOISE_HU = 25.0
_MODEL = "ct_denoise"


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


#: Of a method that is called without one.
_NONE = (float("nan"),)
CLASSICAL: dict[str, tuple[ClassicalDenoiser, Sequence[float]]] = {
    **METHODS,
    "non-local means": (scikit_image.non_local_means, (15.0, 25.0, 35.0)),
    "total variation, scikit-image as called": (scikit_image.total_variation_as_called, _NONE),
    "non-local means, scikit-image as called": (scikit_image.non_local_means_as_called, _NONE),
}


def compare(
    client: Client, processes: Processes, told: Callable[[str], object] = lambda _: None, size: int = SIZE
) -> dict[str, Any]:
    """Denoising of a simulated low-dose slice; each classical method at the parameter that the truth favours."""
    full, low = ct_pair(size)

    def quality(image: FloatArray) -> float:
        return psnr(image, full)

    given, found = low.astype(np.float64), []
    middle = slice(size // 2 - _SMALL // 2, size // 2 + _SMALL // 2)
    for name, (method, parameters) in CLASSICAL.items():
        told(f"ct: {name}")
        found.append(best_of(name, given, quality, method, parameters, given[middle, middle]))
    geometry = Geometry.from_spacing(_SPACING_MM, _SPACING_MM, 3.0)
    told("ct: recon")
    found.append(ours(lambda: client.denoise_ct(Volume(low[None], geometry), probes="off"), quality, processes))
    told("ct: other gateways")
    others, absent = _behind_other_gateways(low, quality)
    return {
        "measure": "PSNR in the display window -160 to 240 HU, dB",
        "data": f"simulated abdomen with texture and vessels, {size} x {size}, {_NOISE_HU:.0f} HU of noise",
        "input_quality": quality(low),
        "methods": [vars(row) for row in [*found, *others, *_torch_eager(low, quality)]],
        "absent": [vars(row) for row in absent],
    }


def _behind_other_gateways(
    low: FloatImage, quality: Callable[[FloatArray], float]
) -> tuple[list[MethodResult], list[Absent]]:
    """The CT network behind a Triton with its own client, and behind pytriton."""
    inputs, output = {"hu": np.ascontiguousarray(low[None, None])}, "noise_and_half_width"
    answers = {
        "the same network, Triton and tritonclient": bare_triton(_MODEL, inputs, output),
        "the same network, pytriton": pytriton(weights_of(_MODEL), inputs, output),
    }
    found, absent = [], []
    for name, answer in answers.items():
        if isinstance(answer, str):
            absent.append(Absent(name, answer))
            continue
        image, spent = low - STEP_HU * answer.output[0, 0].astype(np.float32), answer.spent
        found.append(MethodResult(name, quality(image), spent.seconds, spent.cpu_s, spent.peak_mib))
    return found, absent


def _torch_eager(low: FloatImage, quality: Callable[[FloatArray], float]) -> list[MethodResult]:
    """The CT network in Python, without a service."""
    from recon.bench.runtimes import cores
    from recon.bench.torch_eager import TorchEager, ct_network

    network = ct_network(weights_of(_MODEL))
    if network is None:
        return []
    run = TorchEager(network, cores())
    noise = run(low[None, None])[0, 0]
    times, processor = [], time.process_time()
    for _ in range(REPEATS):
        began = time.perf_counter()
        run(low[None, None])
        times.append(time.perf_counter() - began)
    spent = (time.process_time() - processor) / REPEATS
    return [MethodResult("the same network, torch eager", quality(low - noise), float(np.median(times)), spent)]
