"""A simulated scan holds what was scanned, and the reader brings it back."""

from __future__ import annotations

import numpy as np
import pytest

from recon.errors import InvalidRequest
from recon.io.kspace.read import read_mr
from recon.physics.fourier import to_image
from recon.training.mr.raw_files import write_fastmri, write_ismrmrd
from recon.training.mr.simulate import ScanProtocol, simulate, trajectory
from recon.volumes import Geometry, Unit, Volume
from tests.conftest import head


@pytest.fixture
def anatomy():
    affine = np.eye(4)
    affine[:3, :3] = np.diag([1.5, 2.0, 4.0])
    affine[:3, 3] = (-50, -60, 10)
    values = np.stack([head((64, 80)), head((64, 80))[::-1]])
    return Volume(values.astype(np.float32), Geometry(affine), Unit.ARBITRARY)


def rss(kspace):
    return np.sqrt((np.abs(to_image(kspace)) ** 2).sum(-3))


def test_both_formats_hold_the_same_scan(anatomy, tmp_path) -> None:
    scan = simulate(anatomy, ScanProtocol(acceleration=1, noise=0.01, coils=4))
    write_fastmri(scan, tmp_path / "f.h5")
    write_ismrmrd(scan, tmp_path / "i.h5")
    (fast,), (raw,) = read_mr(tmp_path / "f.h5"), read_mr(tmp_path / "i.h5")
    np.testing.assert_array_equal(fast.kspace.load(1).grid, scan.kspace[1].transpose(0, 2, 1))
    np.testing.assert_allclose(raw.geometry.affine, anatomy.geometry.affine, atol=1e-4)
    # whitening scales the coils alike: to a scalar, the same image
    one, other = (series.laid_out(rss(series.kspace.load(1).grid)) for series in (raw, fast))
    one = one * (one * other.T).sum() / (one * one).sum()
    assert np.linalg.norm(one - other.T) < 0.03 * np.linalg.norm(other)


def test_the_noise_scan_foretells_the_noise(tmp_path) -> None:
    dark = np.zeros((1, 64, 80), np.float32)
    dark[0, 32, 40] = 1.0  # a point, so that there is a signal to be relative to
    scan = simulate(Volume(dark, Geometry.from_spacing(1, 1, 1), Unit.ARBITRARY), ScanProtocol(acceleration=1, noise=1))
    write_ismrmrd(scan, tmp_path / "i.h5")
    (series,) = read_mr(tmp_path / "i.h5")
    assert np.std(series.kspace.load(0).samples.real) == pytest.approx(series.kspace.noise_std, rel=0.05)


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


@pytest.mark.parametrize("kind", ["radial", "spiral"])
def test_trajectories_are_written_and_read(anatomy, tmp_path, kind) -> None:
    scan = simulate(anatomy, ScanProtocol(encoding=kind, acceleration=4, coils=2, noise=0))
    with pytest.raises(InvalidRequest, match="Cartesian"):
        write_fastmri(scan, tmp_path / "f.h5")
    write_ismrmrd(scan, tmp_path / "i.h5")
    (series,) = read_mr(tmp_path / "i.h5")
    assert series.kspace.kind == kind
    np.testing.assert_allclose(series.kspace.load(0).trajectory, scan.trajectory, atol=1e-6)
    np.testing.assert_allclose(series.kspace.load(1).grid, scan.kspace[1].transpose(0, 2, 1), rtol=1e-5)
    # the sample in the centre of k-space is the sum of the image
    at = np.unravel_index(np.argmin(np.abs(scan.trajectory).sum(-1)), scan.trajectory.shape[:2])
    centre = simulate(anatomy, ScanProtocol(acceleration=1, coils=2, noise=0)).kspace[0][:, 32, 40]
    np.testing.assert_allclose(np.abs(scan.kspace[0][(slice(None), *at)]), np.abs(centre), rtol=0.02)


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


def test_poisson_has_no_whole_readouts(anatomy, tmp_path) -> None:
    with pytest.raises(InvalidRequest, match="no whole readouts"):
        write_ismrmrd(simulate(anatomy, ScanProtocol(mask="poisson")), tmp_path / "i.h5")
