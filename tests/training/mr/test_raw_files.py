"""A simulated scan is written as scanners write theirs, and the reader brings it back."""

from __future__ import annotations

import numpy as np
import pytest

from recon.errors import InvalidRequest
from recon.io.kspace.read import read_mr
from recon.physics.fourier import to_image
from recon.training.mr.raw_files import write_fastmri, write_ismrmrd
from recon.training.mr.simulate import ScanProtocol, simulate
from recon.volumes import Geometry, Unit, Volume


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


def test_poisson_has_no_whole_readouts(anatomy, tmp_path) -> None:
    with pytest.raises(InvalidRequest, match="no whole readouts"):
        write_ismrmrd(simulate(anatomy, ScanProtocol(mask="poisson")), tmp_path / "i.h5")
