"""The contrast stream of the real service: what the agent did comes out, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from recon.client import Client
from recon.errors import InvalidRequest, UnusableData
from recon.quality.interval import IntervalKind
from recon.quality.survival import Least, Lesion
from recon.quality.verdict import Verdict
from recon.tasks.contrast.blend import kept_by_smoothing
from recon.tasks.probe import Probes
from recon.volumes import Geometry, Unit, Volume
from tests.conftest import head

SHAPE = (40, 128, 112)
GEOMETRY = Geometry.from_spacing(1.0, 1.0, 1.5)
CENTRE = (20, 40, 74)


def _head() -> np.ndarray:
    z = np.linspace(-0.55, 0.55, SHAPE[0])[:, None, None]
    plane = head(SHAPE[1:])[None] * np.sqrt(1 - z**2)
    texture = gaussian_filter(np.random.default_rng(0).normal(size=SHAPE), 2.0)
    return (gaussian_filter(plane, 0.7) * (1 + texture) * 1000).astype(np.float32)


def _ball(radius: float = 6.0) -> np.ndarray:
    grids = np.ogrid[tuple(slice(side) for side in SHAPE)]
    distance = sum((grid - centre) ** 2 for grid, centre in zip(grids, CENTRE, strict=True))
    return np.asarray(1 / (1 + np.exp(np.sqrt(distance) - radius)), np.float32)


def _scan(values: np.ndarray, noise: float, seed: int) -> Volume:
    rng = np.random.default_rng(seed)
    noisy = np.hypot(values + rng.normal(0, noise, SHAPE), rng.normal(0, noise, SHAPE))
    return Volume(noisy.astype(np.float32), GEOMETRY, Unit.ARBITRARY)


@pytest.fixture(scope="module")
def pair() -> tuple[np.ndarray, np.ndarray, Volume, Volume]:
    clean = _head()
    scale = float(np.percentile(clean, 99))
    added = 0.6 * scale * _ball()
    return clean, added, _scan(clean, 0.008 * scale, 1), _scan(clean + 0.1 * added, 0.008 * scale, 2)


def test_a_lesion_that_took_up_agent_comes_out_and_nothing_else_does(client: Client, pair: tuple) -> None:  # type: ignore[type-arg]
    clean, added, pre, low = pair
    run = client.synthesize_contrast(pre, low, dose_fraction=0.1)
    results = list(run)
    assert [result.index for result in results] == list(range(SHAPE[0]))
    image = np.stack([result.image for result in results])
    core = _ball(4.0) > 0.9
    recovered = (image - clean)[core].mean() / added[core].mean()
    assert 0.75 < recovered < 1.25
    scale = float(np.percentile(clean, 99))
    inside = (clean > 0.2 * scale) & (_ball(12.0) < 0.01)
    assert ((image - clean)[inside] > 0.1 * scale).mean() < 0.02
    assert {"DETECTABILITY"} == set(results[0].extra)
    assert run.model is not None
    assert run.model.name == "contrast_enhance"


def test_swapped_scans_and_scans_without_agent_are_rejected(client: Client, pair: tuple) -> None:  # type: ignore[type-arg]
    clean, _, pre, low = pair
    scale = float(np.percentile(clean, 99))
    for before, after in ((low, pre), (pre, _scan(clean, 0.008 * scale, 5))):
        run = client.synthesize_contrast(before, after)
        images = np.stack([result.image for result in run])
        assert run.report is not None
        assert run.report.verdict is Verdict.REJECT
        assert run.report.interval.kind is IntervalKind.NONE
        np.testing.assert_allclose(images, before.values, atol=1e-3 * scale)  # never a pretty picture


def test_impossible_pairs_name_the_field(client: Client, pair: tuple) -> None:  # type: ignore[type-arg]
    _, _, pre, low = pair
    with pytest.raises(InvalidRequest, match="dose_fraction"):
        list(client.synthesize_contrast(pre, low, dose_fraction=0.9))
    other = Volume(low.values[:, :64].copy(), GEOMETRY, Unit.ARBITRARY)
    with pytest.raises(InvalidRequest):
        list(client.synthesize_contrast(pre, other))
    broken = low.values.copy()
    broken[3, 4, 5] = np.nan
    with pytest.raises(UnusableData, match="low"):
        list(client.synthesize_contrast(pre, Volume(broken, GEOMETRY, Unit.ARBITRARY)))


def test_the_most_of_the_network_at_which_a_lesion_keeps_its_share_and_a_map_of_it(client: Client, pair: tuple) -> None:  # type: ignore[type-arg]
    _, _, pre, low = pair
    least = Least(Lesion(5, 20, "%"), 0.85)
    run = client.synthesize_contrast(pre, low, strength="auto", least=least, survival=True)
    results = list(run)
    assert run.model is not None
    chosen = run.model.strength
    assert chosen is not None
    assert chosen.full is not None
    assert "5 mm lesion of 20 %" in chosen.reason
    assert run.report is not None
    (kept,) = run.report.probes  # measured again, in the images as they are
    rest = kept_by_smoothing(least.lesion, GEOMETRY.spacing)
    assert kept.median == pytest.approx(rest + chosen.strength * (chosen.full.median - rest), abs=0.03)
    mapped = [result for result in results if "SURVIVAL" in result.extra]
    assert len(mapped) == sum(Probes.FEW.on(index, SHAPE[0]) for index in range(SHAPE[0]))
    shown = np.concatenate([result.extra["SURVIVAL"].ravel() for result in mapped])
    assert np.nanmedian(shown) == pytest.approx(kept.median, abs=0.05)
    assert np.isnan(shown).any()  # outside the head
