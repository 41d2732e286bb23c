"""Learned transforms through the real service: one encoding each, and refused or rejected for any other."""

from __future__ import annotations

import numpy as np
import pytest

from recon.client import Client
from recon.errors import InvalidRequest
from recon.physics.encoding import SIDE, Encoding, encoding
from recon.quality.interval import IntervalKind
from recon.quality.verdict import Verdict
from recon.values.readouts import KSpace, Readouts
from recon.volumes import Geometry
from tests.conftest import head

NOISE = 0.004


def measured(scheme: Encoding, image: np.ndarray, noise: float = NOISE) -> KSpace:
    """What a scanner measures of an image (64, 64) with one coil."""
    place = np.arange(SIDE) - SIDE // 2
    rows, columns = (np.exp(-2j * np.pi * np.outer(scheme.positions[:, axis], place)) for axis in (0, 1))
    rng = np.random.default_rng(0)
    samples = np.einsum("sy,yx,sx->s", rows, image, columns) / SIDE
    samples = samples + noise * (rng.normal(size=len(samples)) + 1j * rng.normal(size=len(samples)))
    raw = np.zeros(int(np.prod(scheme.shape)), np.complex64)
    raw[scheme.measured] = samples
    raw = raw.reshape(scheme.shape)
    geometry = Geometry.from_spacing(3.0, 3.0, 5.0)
    if scheme.cartesian:
        return KSpace(
            1, 1, *scheme.shape, geometry, lambda _: Readouts.of_grid(raw[None], scheme.mask), noise_std=noise
        )
    path = np.ascontiguousarray(scheme.trajectory[..., ::-1].transpose(1, 0, 2))
    return KSpace(
        1,
        1,
        *scheme.shape,
        geometry,
        lambda _: Readouts.of_grid(raw[None], trajectory=path),
        (SIDE, SIDE),
        noise,
        "spiral" if scheme.name == "spiral" else "radial",
    )


def error(image: np.ndarray, truth: np.ndarray) -> float:
    fitted = image * (image * truth).sum() / (image * image).sum()
    return float(np.linalg.norm(fitted - truth) / np.linalg.norm(truth))


@pytest.mark.parametrize("name", ["poisson_disc", "misaligned", "radial", "spiral"])
def test_each_network_beats_what_its_samples_alone_show(client: Client, name: str) -> None:
    truth = head((SIDE, SIDE))
    scan = measured(encoding(name), truth)
    run = client.reconstruct_mr(scan, model=f"automap_{name}")
    (learned,) = run
    (plain,) = client.reconstruct_mr(scan, model="zero-filled")
    assert error(learned.image, truth) < 0.8 * error(plain.image, truth)
    assert (learned.uncertainty > 0).all()
    assert learned.verdict is not Verdict.REJECT


def test_another_shape_is_refused_and_another_pattern_rejected(client: Client) -> None:
    truth = head((SIDE, SIDE))
    large = KSpace(
        1, 1, 96, 80, Geometry.from_spacing(1, 1, 1), lambda _: Readouts.of_grid(np.ones((1, 96, 80), np.complex64))
    )
    with pytest.raises(InvalidRequest, match="use another model"):
        list(client.reconstruct_mr(large, model="automap_poisson_disc"))
    run = client.reconstruct_mr(measured(encoding("misaligned"), truth), model="automap_poisson_disc")
    (result,) = run
    assert result.verdict is Verdict.REJECT
    assert run.report is not None
    assert run.report.interval.kind is IntervalKind.NONE
