"""Which acquisitions are of the image, and what the others are for."""

from __future__ import annotations

import ismrmrd
import numpy as np
import pytest

from recon.errors import UnreadableInput
from recon.physics.fourier import to_image, to_kspace
from tests.conftest import multicoil
from tests.io.mrd.scans import COILS, Writer, X, Y, expected, oversampled, xml


def test_noise_is_whitened_and_averages_lower_it(writer) -> None:
    rng = np.random.default_rng(0)
    mix = np.eye(COILS) + 0.4 * rng.normal(size=(COILS, COILS))

    def noise(samples):
        white = rng.normal(size=(COILS, samples)) + 1j * rng.normal(size=(COILS, samples))
        return 0.01 * mix @ white

    for _ in range(40):
        writer.add(noise(256), flags=(ismrmrd.ACQ_IS_NOISE_MEASUREMENT,))
    for average in range(4):
        for line in range(Y):
            writer.add(noise(X), line, average=average)
    (series,) = writer.read()
    assert any("whitened" in note for note in series.notes)
    loaded = series.kspace.load(0).grid.reshape(COILS, -1)
    covariance = loaded @ loaded.conj().T / loaded.shape[1]
    np.testing.assert_allclose(covariance, np.eye(COILS) / 4, atol=0.03)


def test_navigators_are_left_out(writer) -> None:
    kspace = oversampled()
    writer.add(kspace[:, 0] + 99, 0, flags=(ismrmrd.ACQ_IS_PHASECORR_DATA,))
    writer.add(kspace[:, 0] + 99, 0, flags=(ismrmrd.ACQ_IS_NAVIGATION_DATA,))
    (series,) = writer.slice(kspace).read()
    assert any(note.startswith("2 acquisitions") for note in series.notes)
    np.testing.assert_allclose(to_image(series.kspace.load(0).grid), expected(kspace), atol=1e-5)


def test_surface_coil_correction_is_an_image_line_and_a_body_coil_is_not(writer) -> None:
    kspace = oversampled()
    for line in range(Y):
        writer.add(kspace[:, line], line, flags=(ismrmrd.ACQ_IS_SURFACECOILCORRECTIONSCAN_DATA,))
    for line in range(4):
        writer.add(kspace[:2, line] + 9, line, flags=(ismrmrd.ACQ_IS_SURFACECOILCORRECTIONSCAN_DATA,))
    (series,) = writer.read()
    np.testing.assert_allclose(to_image(series.kspace.load(0).grid), expected(kspace), atol=1e-5)


@pytest.mark.parametrize(("gain", "complete"), [(1.0, True), (0.2j, True), (0.0, False)])
def test_calibration_lines_complete_the_image_where_they_are_alike(writer, gain, complete) -> None:
    kspace = oversampled()
    other = multicoil(np.roll(np.eye(Y, X), 17, 1), COILS, seed=5)
    for line in range(0, Y, 2):
        writer.add(kspace[:, line], line)
    for line in range(Y // 2 - 10, Y // 2 + 10):
        samples = gain * kspace[:, line] if gain else other[:, line]
        writer.add(samples, line, flags=(ismrmrd.ACQ_IS_PARALLEL_CALIBRATION,))
    (series,) = writer.read()
    loaded = series.kspace.load(0).grid
    whole = to_kspace(expected(kspace))
    measured = series.kspace.load(0).mask.any(axis=1)
    assert measured[21:40].all() == complete
    np.testing.assert_allclose(loaded[..., measured], whole[..., measured], atol=1e-4)


def test_a_changed_coil_count_and_no_imaging_data(tmp_path) -> None:
    writer = Writer(tmp_path / "coils.h5", xml()).slice(oversampled())
    writer.add(oversampled()[:2, 0], 0)
    with pytest.raises(UnreadableInput, match="2, 4 coils"):
        writer.read()
    writer = Writer(tmp_path / "noise.h5", xml())
    writer.add(oversampled()[:, 0], 0, flags=(ismrmrd.ACQ_IS_NOISE_MEASUREMENT,))
    with pytest.raises(UnreadableInput, match="none of them for imaging"):
        writer.read()
