"""Volumes encoded along three axes."""

from __future__ import annotations

import numpy as np
import pytest

from recon.physics.fourier import to_image, to_kspace
from tests.io.mrd.scans import COILS, Writer, Y, xml


@pytest.mark.parametrize("sparse", [False, True])
def test_volumes_become_slices_across_a_fully_sampled_axis(tmp_path, sparse) -> None:
    z = 10
    rng = np.random.default_rng(0)
    image = (rng.normal(size=(COILS, z, Y, 64)) + 0j).astype(np.complex64)
    kspace = to_kspace(image)
    axis = 1
    kspace = np.fft.fftshift(np.fft.fft(np.fft.ifftshift(kspace, axis), axis=axis, norm="ortho"), axis)
    writer = Writer(tmp_path / "volume.h5", xml(x=64, z=z, zc=z // 2, fx=192, fz=40))
    sampled = rng.random((z, Y)) < 0.5 if sparse else np.ones((z, Y), bool)
    for partition, line in zip(*np.nonzero(sampled), strict=True):
        writer.add(kspace[:, partition, line], line, partition=partition)
    (series,) = writer.read()
    if sparse:
        assert series.shape == (64, z, Y)
        np.testing.assert_array_equal(series.kspace.load(0).mask.T, sampled)
    else:
        assert series.shape == (z, Y, 64)
        np.testing.assert_allclose(to_image(series.kspace.load(3).grid), image[:, 3].transpose(0, 2, 1), atol=1e-4)
        centre = series.geometry.affine @ [32, Y // 2, z // 2, 1]
        np.testing.assert_allclose(centre[:3], (-10, 3, 7), atol=1e-5)
