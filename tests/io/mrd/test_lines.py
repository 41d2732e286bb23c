"""Where lines of raw data lie in k-space."""

from __future__ import annotations

import ismrmrd
import numpy as np
import pytest

from recon.physics.fourier import to_image
from tests.io.mrd.scans import COILS, Writer, X, Y, expected, oversampled, xml


def test_missing_lines_are_unmeasured_and_partial_fourier_is_placed(tmp_path) -> None:
    """35 of 60 lines, numbered from 0 with their centre at 10."""
    kspace = oversampled()
    writer = Writer(tmp_path / "partial.h5", xml(last=39, centre=10))
    for number, line in enumerate(range(20, 55)):
        writer.add(kspace[:, line], number)
    (series,) = writer.read()
    measured = series.kspace.load(0).mask.any(axis=1)
    assert list(np.flatnonzero(measured)) == list(range(20, 55))


def test_reversed_readouts_and_asymmetric_echoes(writer) -> None:
    kspace = oversampled()
    for line in range(Y):
        if line % 2:
            writer.add(kspace[:, line, ::-1], line, flags=(ismrmrd.ACQ_IS_REVERSE,))
        else:
            writer.add(kspace[:, line], line)
    (series,) = writer.read()
    np.testing.assert_allclose(to_image(series.kspace.load(0).grid), expected(kspace), atol=1e-5)


def test_an_asymmetric_echo_is_placed_by_its_centre(tmp_path) -> None:
    kspace = oversampled()
    writer = Writer(tmp_path / "echo.h5", xml(fx=192))
    for line in range(Y):
        writer.add(kspace[:, line, 28:], line, centre=X // 2 - 28)
    (series,) = writer.read()
    loaded = series.kspace.load(0).grid
    np.testing.assert_allclose(loaded[:, 28:], kspace[..., 28:].transpose(0, 2, 1), atol=1e-6)
    assert not loaded[:, :28].any()


def test_reversed_readouts_have_their_own_centre(tmp_path) -> None:
    """An asymmetric echo, every other line read backwards with 3 samples of junk at its end in time."""
    kspace = oversampled()
    writer = Writer(tmp_path / "echo.h5", xml(fx=192))
    for line in range(Y):
        part = kspace[:, line, 28:]
        if line % 2:
            junk = np.full((COILS, 3), 99)
            writer.add(
                np.concatenate([part[:, ::-1], junk], axis=1),
                line,
                flags=(ismrmrd.ACQ_IS_REVERSE,),
                centre=part.shape[1] - 1 - (X // 2 - 28),
                discard_post=3,
            )
        else:
            writer.add(part, line, centre=X // 2 - 28)
    (series,) = writer.read()
    np.testing.assert_allclose(series.kspace.load(0).grid[:, 28:], kspace[..., 28:].transpose(0, 2, 1), atol=1e-6)


def test_kspace_is_filled_up_to_the_reconstructed_matrix(tmp_path) -> None:
    header = xml().replace("<x>64</x><y>60</y>", "<x>96</x><y>90</y>")
    (series,) = Writer(tmp_path / "fine.h5", header).slice(oversampled()).read()
    assert (series.kspace.samples, series.kspace.lines, series.kspace.image_shape) == (64, Y, (96, 90))
    assert series.shape == (1, 90, 96)
    assert series.geometry.spacing[:2] == pytest.approx((2.0, 2.0))
    np.testing.assert_allclose((series.geometry.affine @ [48, 45, 0, 1])[:3], (-10, 3, 7), atol=1e-5)
