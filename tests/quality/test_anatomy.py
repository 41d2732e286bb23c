"""Heads are told from bodies by the image, however it lies, and whatever its unit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file
from scipy import ndimage

import recon
from recon.backend.configuration import of_version, parameters_in
from recon.quality.anatomy import Learned, shown_in
from recon.tasks.mr.anatomy import LEARNED
from tests.conftest import head

FOLDER = Path(recon.__file__).parents[1] / "triton_repo" / "mr_unrolled"


@pytest.fixture(scope="module")
def learned() -> Learned:
    """What the served network has learned."""
    return Learned.parse(of_version(parameters_in(FOLDER), "1")[LEARNED])


def scanned(image: np.ndarray, noise: float = 0.02, seed: int = 0) -> np.ndarray:
    parts = np.random.default_rng(seed).normal(0, noise, (2, *image.shape))
    return np.hypot(image + parts[0], parts[1]).astype(np.float32)


def abdomen() -> np.ndarray:
    """A real one that ships in pydicom's wheel."""
    pixels = pydicom.dcmread(str(get_testdata_file("examples_overlay.dcm", download=False))).pixel_array
    return pixels.astype(np.float32)


def knee(side: int = 128) -> np.ndarray:
    """Two bones in fat and muscle, cut by the field of view on two sides."""
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    image = np.where(abs(x) < 0.55 - 0.1 * np.cos(3 * y), 0.5, 0.0)
    image[(abs(x) < 0.3) & (abs(y) > 0.08)] = 0.9
    return image


@pytest.mark.parametrize("turns", [0, 1])
@pytest.mark.parametrize("shape", [(96, 80), (128, 128), (240, 200)])
def test_a_head_is_one(learned: Learned, shape: tuple[int, int], turns: int) -> None:
    shown = shown_in(np.rot90(scanned(head(shape)), turns))
    assert shown is not None
    assert learned.unlike(shown.measures) < 0.9


@pytest.mark.parametrize("turns", [0, 1, 2])
def test_a_real_abdomen_and_a_leg_are_none(learned: Learned, turns: int) -> None:
    for image in (abdomen(), scanned(knee())):
        shown = shown_in(np.rot90(image, turns))
        assert shown is not None
        assert learned.unlike(shown.measures) > 1.5


@pytest.mark.parametrize("unit", [1e-8, 1.0, 1e8])
def test_place_unit_and_side_do_not_matter(unit: float) -> None:
    image = scanned(np.pad(head((96, 80)), 16))
    ours, theirs = shown_in(image), shown_in(np.roll(image, (8, -8), (0, 1))[:, ::-1] * np.float32(unit))
    assert ours is not None
    assert theirs is not None
    np.testing.assert_allclose(ours.measures, theirs.measures, atol=0.12)
    assert ours.diameter == pytest.approx(theirs.diameter, rel=0.02)


def test_diameter_follows_the_spacing_whatever_the_matrix() -> None:
    image = head((160, 160))
    squeezed = ndimage.zoom(image, (1, 0.5), order=1)
    ours, theirs = shown_in(image, (1.25, 1.25)), shown_in(squeezed, (1.25, 2.5))
    assert ours is not None
    assert theirs is not None
    assert ours.diameter == pytest.approx(200 * np.sqrt(0.72 * 0.88), rel=0.05)
    assert theirs.diameter == pytest.approx(ours.diameter, rel=0.03)
    np.testing.assert_allclose(ours.measures[:4], theirs.measures[:4], atol=0.05)


@pytest.mark.parametrize("shape", [(40, 40), (48, 48), (56, 44), (60, 30), (64, 64)])
def test_diameter_and_kind_do_not_follow_a_small_matrix(learned: Learned, shape: tuple[int, int]) -> None:
    whole = head((320, 320))
    image = ndimage.zoom(
        ndimage.gaussian_filter(whole, [0.4 * 320 / n for n in shape]), [n / 320 for n in shape], order=1
    )
    shown = shown_in(scanned(image), (300 / shape[0], 300 / shape[1]))
    same = shown_in(scanned(whole), (300 / 320, 300 / 320))
    assert shown is not None
    assert same is not None
    assert shown.diameter == pytest.approx(same.diameter, rel=0.03)
    assert learned.unlike(shown.measures) < 0.9


def test_where_nothing_is_nothing_is_shown() -> None:
    assert shown_in(np.zeros((64, 64), np.float32)) is None
    speck = np.zeros((64, 64), np.float32)
    speck[30:33, 30:33] = 1
    assert shown_in(speck) is None


def test_a_description_comes_back_as_it_was_and_others_are_refused(learned: Learned) -> None:
    assert Learned.parse(learned.dump()) == learned
    for text in ("{}", "[]", learned.dump().replace('"scale":[', '"scale":[1.0,')):
        with pytest.raises(ValueError, match="learned"):
            Learned.parse(text)
