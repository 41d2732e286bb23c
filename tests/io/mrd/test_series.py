"""The series of an ISMRMRD file as scanners' converters write it."""

from __future__ import annotations

import numpy as np

from recon.physics.fourier import to_image
from tests.io.mrd.scans import Writer, Y, expected, oversampled, xml


def test_slices_oversampling_and_layout(writer) -> None:
    for index in range(3):
        writer.slice(oversampled(index), index)
    (series,) = writer.read()
    assert series.shape == (3, Y, 64)
    assert series.notes == ["readout oversampling removed: 128 to 64 samples"]
    for index in range(3):
        loaded = series.kspace.load(index).grid
        np.testing.assert_allclose(to_image(loaded), expected(oversampled(index)), atol=1e-5)
    image = np.abs(to_image(series.kspace.load(0).grid)[0]).astype(np.float32)
    np.testing.assert_array_equal(series.laid_out(image), image.T)


def test_contrasts_and_repetitions_are_series(writer) -> None:
    for repetition in range(2):
        for contrast in range(2):
            writer.slice(oversampled(), repetition=repetition, contrast=contrast)
    found = writer.read()
    assert [series.label for series in found] == [
        "contrast0_repetition0",
        "contrast0_repetition1",
        "contrast1_repetition0",
        "contrast1_repetition1",
    ]


def test_encodings_of_one_file_are_series(tmp_path) -> None:
    header = xml()
    start, end = header.index(" <encoding>"), header.index("</ismrmrdHeader>")
    second = header[start:end].replace("<y>60</y>", "<y>40</y>").replace("<center>30</center>", "<center>20</center>")
    writer = Writer(tmp_path / "two.h5", header[:end] + second + header[end:])
    kspace = oversampled()
    for line in range(Y):
        writer.add(kspace[:, line], line)
    for line in range(40):
        writer.add(kspace[:, line + 10], line, encoding=1)
    found = writer.read()
    assert [(series.label, series.shape) for series in found] == [
        ("encoding0", (1, 60, 64)),
        ("encoding1", (1, 40, 64)),
    ]
    np.testing.assert_allclose(found[1].kspace.load(0).samples, found[0].kspace.load(0).samples[10:50], atol=1e-6)
