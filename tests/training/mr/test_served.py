"""The weights in the repository are the ones its configuration names, and they reconstruct."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import numpy as np

from recon.backend.mr_unrolled import START_STEPS, START_WEIGHT
from recon.physics import sampling
from recon.physics.conjugate_gradients import conjugate_gradients
from recon.physics.espirit import centre_of, sensitivities
from recon.physics.sense import Sense
from recon.physics.thermal_noise import outer_noise
from recon.training.mr.coils import receive_maps
from recon.training.mr.evaluate_unrolled import psnr_ssim
from recon.training.mr.sampler import acquire
from recon.training.mr.served import load_unrolled, served_sensitivities

FOLDER = Path(__file__).parents[3] / "triton_repo" / "mr_unrolled"


def test_the_configuration_is_about_the_files_beside_it() -> None:
    found = dict(
        re.findall(r'key: "([^"]+)" value: { string_value: "([^"]*)" }', (FOLDER / "config.pbtxt").read_text())
    )
    paths = [FOLDER / "1" / name for name in found["files.1"].split(",")]
    assert hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest() == found["sha256.1"]
    assert float(found["conformal_factor.1"]) > 0.5


def test_what_is_served_beats_its_own_start_by_far() -> None:
    """Four-fold under-sampled eight coils: CG-SENSE leaves noise and folding, the network little of both."""
    y, x = np.mgrid[-1:1:128j, -1:1:112j]
    head = np.hypot(x / 0.75, y / 0.85) < 1
    image = head * (0.6 + 0.2 * np.sin(14 * x) * np.cos(11 * y) + 0.3 * (np.hypot(x - 0.2, y + 0.3) < 0.08))
    image = (image * np.exp(1j * (x + 0.5 * np.sin(3 * y)))).astype(np.complex64)
    mask = np.broadcast_to(sampling.equispaced(112, 4, 20), (128, 112))
    scan = acquire(image, receive_maps(8, np.random.default_rng(2)), mask, 0.01, np.random.default_rng(3))
    truth = np.sqrt((np.abs(scan.coil_images.numpy()) ** 2).sum(0))
    kspace = scan.kspace.numpy()
    maps, _ = sensitivities(centre_of(kspace, scan.calibration), mask.shape, outer_noise(kspace, mask))
    sense = Sense(maps, mask)
    adjoint = sense.adjoint(kspace)
    start, _ = conjugate_gradients(sense.normal, 0 * adjoint, adjoint, START_WEIGHT, START_STEPS)
    planes = load_unrolled(FOLDER / "1", "onnxruntime")(kspace, mask)
    served = np.hypot(planes[0], planes[1])
    assert psnr_ssim(served, truth)[0] > psnr_ssim(np.abs(start), truth)[0] + 3
    covered = np.abs(served - truth) <= 0.5 * (planes[2] + planes[3])
    assert covered[truth > 0.1 * truth.max()].mean() > 0.7


def test_training_can_use_the_sensitivities_that_are_served() -> None:
    rng = np.random.default_rng(0)
    y, x = np.mgrid[-1:1:64j, -1:1:64j]
    image = (np.hypot(x, y) < 0.9).astype(np.complex64)
    truth = receive_maps(4, rng)
    scan = acquire(image, truth, np.ones((64, 64), bool), 0.002, rng)
    maps = served_sensitivities(scan.kspace.numpy(), np.ones((64, 64), bool))
    inside = np.hypot(x, y) < 0.8
    coils = scan.coil_images.numpy()[:, inside]
    explained = np.abs((maps[:, inside].conj() * coils).sum(0)) / np.sqrt((np.abs(coils) ** 2).sum(0))
    assert explained.mean() > 0.98
