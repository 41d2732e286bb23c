from __future__ import annotations

import numpy as np
import pytest
import torch

pytest.importorskip("deepinv")
from deepinv.physics.functional.radon import RampFilter

from recon.training.ct.tomography import ParallelBeam


def _phantom(size: int) -> np.ndarray:
    y, x = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    return ((x / 0.6) ** 2 + (y / 0.4) ** 2 < 1) * 0.02 + ((x - 0.2) ** 2 + (y + 0.1) ** 2 < 0.02) * 0.01


def test_a_disc_projects_to_its_chords() -> None:
    size, spacing, radius = 256, 0.8, 60.0
    axis = (np.arange(size) - (size - 1) / 2) * spacing
    disc = (np.hypot(axis[:, None], axis) < radius) * 0.02
    sinogram = ParallelBeam(size, 60).project(disc, spacing)
    chord = 0.02 * 2 * np.sqrt(np.maximum(radius**2 - axis**2, 0))
    assert np.abs(sinogram.mean(axis=0) - chord).max() < 0.05 * chord.max()


def test_filtered_back_projection_inverts_the_projection() -> None:
    image = _phantom(256)
    beam = ParallelBeam(256, 400)
    again = beam.backproject(beam.project(image, 0.8), 0.8)
    inside = image > 0
    assert again[inside].mean() == pytest.approx(image[inside].mean(), rel=0.01)
    assert np.abs(again - image).mean() < 0.03 * image.max()


def test_back_projection_agrees_with_deepinv() -> None:
    """The loop written here against DeepInverse's exact adjoint behind its own ramp filter."""
    image, views = _phantom(128), 180
    beam = ParallelBeam(128, views)
    sinogram = beam.project(image, 1.0)
    ours = beam.backproject(sinogram, 1.0)
    tensor = torch.from_numpy(sinogram.T.astype(np.float32))[None, None]
    theirs = beam._radon.A_adjoint(RampFilter()(tensor))[0, 0].numpy() * np.pi / (2 * views)
    inner = np.hypot(*np.mgrid[-1:1:128j, -1:1:128j]) < 0.8
    # both interpolate, each in its own way: compare where the image is smooth
    difference = np.abs(ours - theirs)[inner]
    assert np.quantile(difference, 0.9) < 0.05 * image.max()
    assert np.corrcoef(ours[inner], theirs[inner])[0, 1] > 0.99
