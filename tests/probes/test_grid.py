from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from recon.errors import InvalidRequest
from recon.probes.grid import REACH_PX, ProbeGrid, cells, grid, require_room
from recon.probes.lesion import disc
from recon.quality.survival import Lesion

LESIONS = (Lesion(6, 20, "HU"), Lesion(3, 50, "HU"))
SPACING, BLUR = (0.7, 0.7), 0.55


def _everywhere(shape: tuple[int, int] = (256, 256)) -> ProbeGrid:
    found = grid(np.ones((shape[0] // 4, shape[1] // 4), bool), LESIONS, shape, SPACING, BLUR)
    assert found is not None
    return found


@pytest.mark.parametrize("spacing", [(0.7, 0.7), (0.5, 1.0)])
def test_a_disc_has_its_area_whatever_the_pixels_and_the_blur(spacing: tuple[float, float]) -> None:
    for size in (2.0, 6.0):
        area = disc(size, spacing, BLUR, REACH_PX).sum() * spacing[0] * spacing[1]
        assert area == pytest.approx(np.pi * size**2 / 4, rel=0.03)


def test_a_large_disc_is_flat_and_a_small_one_is_lowered_by_the_blur() -> None:
    assert disc(10.0, SPACING, BLUR, REACH_PX).max() == pytest.approx(1, abs=1e-3)
    # the middle of a disc of radius r under a Gaussian: 1 - exp(-r²/2σ²)
    fine = disc(1.5, (0.1, 0.1), BLUR, REACH_PX)
    assert fine.max() == pytest.approx(1 - np.exp(-(0.75**2) / (2 * BLUR**2)), rel=0.02)


def test_all_contrast_kept_is_one_and_a_share_is_itself() -> None:
    found = _everywhere()
    expected = found.scaled(np.ones(len(found.places)))
    for share in (1.0, 0.3):
        for values in found.shares(np.float32(share) * expected, expected).values():
            np.testing.assert_allclose(values, share, rtol=1e-5)


def test_a_grid_tells_of_a_blur_what_one_lesion_alone_tells() -> None:
    found = _everywhere()
    expected = found.scaled(np.ones(len(found.places)))
    together = found.shares(gaussian_filter(expected, 1.5), expected)
    for lesion in LESIONS:
        alone = disc(lesion.size_mm, SPACING, BLUR, REACH_PX) * lesion.contrast
        padded = np.pad(alone, 40)
        share = float((gaussian_filter(padded, 1.5) * padded).sum() / np.square(padded).sum())
        np.testing.assert_allclose(together[lesion], share, atol=0.003)
    assert together[LESIONS[0]].mean() > together[LESIONS[1]].mean()  # the smaller loses more


def test_lesions_lie_in_suitable_tissue_and_apart() -> None:
    image = np.full((200, 264), -1000, np.float32)
    image[40:170, 30:200] = 50
    means = cells(image)
    found = grid((means > 0) & (means < 150), LESIONS, (200, 264), SPACING, BLUR)
    assert found is not None
    touched = found.scaled(np.ones(len(found.places))) > 1
    assert image[touched].min() == 50
    distance = np.abs(found.places[:, None] - found.places[None]).max(-1) + 99 * np.eye(len(found.places))
    assert distance.min() >= 28
    assert set(found.lesions) == set(LESIONS)


def test_slices_beside_it_show_less_of_a_ball() -> None:
    found = _everywhere()
    middle, beside, beyond = (found.scaled(np.ones(len(found.places)), depth).sum() for depth in (0.0, 2.0, 3.1))
    # 6 mm at 2 mm: a disc of 4.47 mm; 3 mm: nothing
    assert beyond == 0
    assert 0.3 < beside / middle < 0.56


def test_few_places_are_all_for_the_first_lesion_and_none_is_said() -> None:
    suitable = np.zeros((50, 66), bool)
    suitable[10:35, 10:20] = True
    few = grid(suitable, LESIONS, (200, 264), SPACING, BLUR)
    assert few is not None
    assert set(few.lesions) == {LESIONS[0]}
    assert grid(np.zeros((50, 66), bool), LESIONS, (200, 264), SPACING, BLUR) is None
    assert grid(np.ones((6, 6), bool), LESIONS, (24, 24), SPACING, BLUR) is None  # no lesion fits


def test_shares_are_spread_around_their_places_and_nowhere_else() -> None:
    places, tissue = np.array([[60, 60], [60, 88]]), np.ones((40, 60), bool)
    tissue[:13] = False
    kept = ProbeGrid(places, [LESIONS[0]] * 2, (160, 240), (0.7, 0.7), 0.5, tissue).spread(np.array([0.4, 0.8]))
    assert kept.shape == (160, 240)
    assert kept[60, 60] == pytest.approx(0.4, abs=0.02)
    assert kept[60, 74] == pytest.approx(0.6, abs=0.01)  # halfway
    assert np.isnan(kept[60, 130])
    assert np.isnan(kept[150, 60])
    assert np.isnan(kept[51, 60])  # other tissue, though near
    assert np.isfinite(kept[52, 60])


def test_only_a_lesion_with_a_picture_of_its_own_is_placed() -> None:
    require_room(Lesion(5, 50, "%"), (1.0, 1.0), 0.4)
    for size_mm, words in ((40, "at most 24.4 mm"), (0.1, "at least 0.25 mm")):
        with pytest.raises(InvalidRequest, match=words):
            require_room(Lesion(size_mm, 50, "%"), (1.0, 1.0), 0.4)
