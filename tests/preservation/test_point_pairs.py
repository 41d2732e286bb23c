from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from recon.preservation.point_pairs import SEPARATIONS_PX, PlacedPair, look, measures, pattern
from recon.preservation.subject import REACH_PX


@pytest.mark.parametrize("separation", SEPARATIONS_PX)
def test_one_blob_has_the_integral_and_the_variance_of_two_points(separation: int) -> None:
    two, one = (pattern(separation, 0, count) for count in (True, False))
    assert two.sum() == pytest.approx(one.sum(), rel=1e-3)
    along = np.arange(-REACH_PX, REACH_PX + 1) ** 2
    spread = [(shape * along[:, None]).sum() / shape.sum() for shape in (two, one)]
    assert spread[0] == pytest.approx(spread[1], rel=0.02)
    np.testing.assert_allclose(pattern(separation, 1, True), two.T)


def test_noise_and_blur_make_two_points_one() -> None:
    rng, side = np.random.default_rng(0), 2 * REACH_PX + 1
    truth = np.ones((side, side), np.float32)

    def seen(blur: float, noise: float) -> list:
        found = []
        for number in range(30):
            pair = PlacedPair((REACH_PX, REACH_PX), 2, number % 2, 1.0)
            two, one = (
                truth + gaussian_filter(pair.signal(count), blur) + noise * rng.normal(size=(side, side))
                for count in (True, False)
            )
            found.append(look(pair, two, one, truth))
        return found

    full = seen(0.0, 0.02)
    sharp, soft = (measures(looks, full)["resolved, 2 px"] for looks in (full, seen(1.5, 0.1)))
    assert sharp["value"] == 1
    assert sharp["outcome"] == "pass"
    assert soft["value"] < 0.75
    assert soft["outcome"] == "FAIL"
    # what full sampling cannot tell is not asked for
    noisy = seen(1.5, 0.1)
    assert measures(noisy, noisy)["resolved, 2 px"]["outcome"] == "no limit"
    assert measures(full, full)["resolved, 4 px"]["outcome"] == "not measured"
