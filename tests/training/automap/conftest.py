"""Pictures made for the tests, and images drawn from them."""

from __future__ import annotations

import nibabel as nib
import numpy as np
import pytest
from PIL import Image

from recon.training.automap.images import Bank
from recon.training.automap.sampler import Sampler


@pytest.fixture(scope="session")
def sampler() -> Sampler:
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:128, :128]
    discs = [
        sum(
            rng.uniform(0.2, 1) * (np.hypot(y - rng.uniform(30, 98), x - rng.uniform(30, 98)) < rng.uniform(5, 30))
            for _ in range(6)
        )
        for _ in range(12)
    ]
    pictures = np.stack([np.clip(60 * d, 0, 255) for d in discs]).astype(np.uint8)
    return Sampler(Bank(pictures, np.zeros((0, 128, 128), np.uint8)), 0.3)


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    z, y, x = np.mgrid[-1:1:24j, -1:1:30j, -1:1:20j]
    volume = 500.0 * (z**2 + y**2 + x**2 < 0.8) + 300 * (z**2 + y**2 + x**2 < 0.3)
    nib.save(nib.Nifti1Image(volume.astype(np.float32), np.diag([2.0, 2.0, 3.0, 1.0])), folder / "head.nii.gz")
    (folder / "photos").mkdir()
    noise = np.random.default_rng(0).integers(0, 255, (300, 400, 3), np.uint8)
    Image.fromarray(noise).save(folder / "photos" / "noise.png")
    return folder
