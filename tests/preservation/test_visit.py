from __future__ import annotations

import numpy as np
import pytest

from recon.preservation.subject import Subject, picture
from recon.preservation.two_dates import MOVED_PX
from recon.preservation.visit import OTHER_MASK, SCANS, Visit, visit
from recon.training.mr.preserve import made_up


@pytest.fixture(scope="module")
def subject() -> Subject:
    return made_up(128)


@pytest.fixture(scope="module")
def visited(subject: Subject) -> Visit:
    return visit(subject, 0, 1, 1, seed=0)


def test_every_scan_shows_what_was_put_into_it(subject: Subject, visited: Visit) -> None:
    assert tuple(visited.images) == SCANS
    change = np.abs(visited.images["lesions"]) - np.abs(subject.image)
    for plaque in visited.plaques:
        np.testing.assert_allclose(picture(change, plaque.place)[8:17, 8:17], plaque.signal[8:17, 8:17], atol=0.02)
    later = np.abs(visited.images["later"]) - np.abs(visited.images["plain"])
    assert (np.abs(later) > 0.1).sum() > 3 * len(visited.changes) > 0
    moved = np.roll(visited.images["later, moved head"], -MOVED_PX, 1)
    np.testing.assert_array_equal(moved, visited.images["later"])


def test_noise_is_the_same_where_images_are_compared_and_another_at_the_later_date(
    subject: Subject, visited: Visit
) -> None:
    noise = {scan: visited.kspaces[scan] - subject.kspace(visited.images[scan]) for scan in SCANS}
    np.testing.assert_allclose(noise["plain"], noise["lesions"], atol=1e-5)
    np.testing.assert_allclose(noise["later"], noise[OTHER_MASK], atol=1e-5)
    assert np.abs(noise["plain"] - noise["later"]).max() > subject.noise_std


def test_the_same_numbers_draw_the_same(subject: Subject, visited: Visit) -> None:
    again, other = (visit(subject, 0, realisation, 1, seed=0) for realisation in (1, 2))
    np.testing.assert_array_equal(again.kspaces["lesions"], visited.kspaces["lesions"])
    assert [p.place for p in other.plaques] != [p.place for p in visited.plaques]
