"""A simulated scan holds what was scanned, and the reader brings it back."""

from __future__ import annotations

import numpy as np
import pytest

from recon.errors import InvalidRequest
from recon.training.mr.simulate import ScanProtocol, simulate, trajectory


def test_a_mask_has_the_lines_that_the_protocol_says(anatomy) -> None:
    full = simulate(anatomy, ScanProtocol(acceleration=1)).kspace
    assert (full != 0).all()
    for mask in ("equispaced", "random", "poisson"):
        scan = simulate(anatomy, ScanProtocol(acceleration=4, calibration=12, mask=mask))
        share = scan.mask.mean()
        np.testing.assert_array_equal((scan.kspace != 0).all(axis=(0, 1)), scan.mask)
        assert 0.2 < share < 0.42
        assert (scan.kspace[0][:, 27:37, 35:45] != 0).all()
    half = simulate(anatomy, ScanProtocol(acceleration=1, partial_fourier=0.625)).mask
    assert list(np.flatnonzero(half.all(axis=1))) == list(range(24, 64))


def test_noise_is_as_loud_as_asked(anatomy) -> None:
    still, noisy = (simulate(anatomy, ScanProtocol(noise=noise, acceleration=1)) for noise in (0.0, 0.1))
    inside = anatomy.values > 0.1 * np.percentile(anatomy.values, 99)
    spread = np.std(noisy.kspace - still.kspace)
    assert spread == pytest.approx(0.1 * anatomy.values[inside].mean(), rel=0.05)
    assert noisy.noise_std * np.sqrt(2) == pytest.approx(spread, rel=0.02)


def test_a_spiral_covers_the_disc_evenly() -> None:
    path = trajectory("spiral", 64, 1)
    radius = np.hypot(path[..., 0], path[..., 1])
    assert radius.max() == pytest.approx(0.5, abs=1e-3)
    assert (radius < 0.25).mean() == pytest.approx(0.25, abs=0.02)


def test_a_delay_moves_lines_and_keeps_their_energy(anatomy) -> None:
    still = simulate(anatomy, ScanProtocol(acceleration=1, noise=0)).kspace
    late = simulate(anatomy, ScanProtocol(acceleration=1, noise=0, trajectory_error=0.5)).kspace
    np.testing.assert_allclose(np.linalg.norm(late, axis=-1), np.linalg.norm(still, axis=-1), rtol=1e-3)
    assert np.linalg.norm(late - still) > 0.1 * np.linalg.norm(still)


@pytest.mark.parametrize(
    "changes",
    [{"encoding": "rosette"}, {"mask": "none"}, {"acceleration": 0.5}, {"coils": 0}, {"partial_fourier": 0.3}],
)
def test_impossible_protocols(changes) -> None:
    with pytest.raises(InvalidRequest, match=next(iter(changes))):
        ScanProtocol(**changes)
