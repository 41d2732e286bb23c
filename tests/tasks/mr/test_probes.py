"""Known lesions in k-space, with a method whose answer is known: the adjoint, combined over coils."""

from __future__ import annotations

import numpy as np
import pytest

from recon.physics.fourier import to_image
from recon.probes.grid import cells
from recon.tasks.mr.probes import LESIONS, in_image, lesions_in, resolved, with_lesions
from recon.values.readouts import Readouts
from tests.conftest import head, multicoil

SPACING = (0.9, 0.9)


def _rss(readouts: Readouts, shape: tuple[int, int] = (256, 256)) -> np.ndarray:
    grid = np.ascontiguousarray(readouts.grid)
    filled = np.zeros((len(grid), *shape), np.complex64)
    top, left = shape[0] // 2 - grid.shape[1] // 2, shape[1] // 2 - grid.shape[2] // 2
    filled[:, top : top + grid.shape[1], left : left + grid.shape[2]] = grid
    gain = np.sqrt(shape[0] * shape[1] / (grid.shape[1] * grid.shape[2]))
    return np.sqrt(np.square(np.abs(to_image(filled) * gain)).sum(0)).astype(np.float32)


def _kept(mask: np.ndarray | None) -> float:
    readouts = Readouts.of_grid(multicoil(head((256, 256)), 8, noise=0.002), mask)
    plain = _rss(readouts)
    lesions = lesions_in(plain, SPACING)
    assert lesions is not None
    added = in_image(lesions, plain)
    shares = lesions.shares(_rss(with_lesions(readouts, added)) - plain, added)
    return float(np.median(np.concatenate(list(shares.values()))))


def test_a_full_scan_keeps_all_and_a_scan_of_the_centre_blurs_them_away() -> None:
    assert _kept(None) == pytest.approx(1, abs=0.03)
    centre = np.zeros((256, 256), bool)
    centre[112:144, 112:144] = True
    assert _kept(centre) < 0.35


def test_what_was_not_sampled_stays_empty() -> None:
    mask = np.zeros((256, 256), bool)
    mask[:, ::4] = mask[:, 116:140] = True
    readouts = Readouts.of_grid(multicoil(head((256, 256)), 8), mask)
    lesions = lesions_in(_rss(readouts), SPACING)
    assert lesions is not None
    probed = with_lesions(readouts, in_image(lesions, _rss(readouts)))
    assert not probed.samples[~np.broadcast_to(readouts.mask[:, None], probed.samples.shape)].any()
    assert probed.counts is readouts.counts


def test_their_contrast_is_a_share_of_the_tissue_around() -> None:
    image = head((256, 256)).astype(np.float32)
    lesions = lesions_in(image, SPACING)
    assert lesions is not None
    added = in_image(lesions, image)
    (row, column), lesion = lesions.places[0], lesions.lesions[0]
    assert lesion is LESIONS[0]
    tissue = float(cells(image)[row // 4, column // 4])
    assert added[row, column] == pytest.approx(0.4 * tissue, rel=0.1)


def test_an_image_finer_than_its_kspace_shows_what_the_kspace_can() -> None:
    """Lesions of a coarse k-space lose their edges and keep their sum."""
    image = head((256, 256)).astype(np.float32)
    lesions = lesions_in(image, SPACING)
    assert lesions is not None
    added = in_image(lesions, image)
    coarse = resolved(added, (128, 128))
    assert coarse.sum() == pytest.approx(added.sum(), rel=1e-3)
    assert coarse.min() < -0.05 * added.max()  # Gibbs' ringing
    assert resolved(added, (256, 256)) is added
    readouts = Readouts.of_grid(multicoil(head((128, 128)), 8))
    plain = _rss(readouts)
    shares = lesions.shares(_rss(with_lesions(readouts, added)) - plain, coarse)
    assert np.median(np.concatenate(list(shares.values()))) == pytest.approx(1, abs=0.1)
