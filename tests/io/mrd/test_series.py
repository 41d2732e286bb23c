"""ISMRMRD raw data as scanners' converters write it."""

from __future__ import annotations

import ismrmrd
import numpy as np
import pytest

from recon.errors import UnreadableInput
from recon.io.kspace.read import read_mr
from recon.physics.fourier import to_image, to_kspace
from tests.conftest import head, multicoil

XML = """<?xml version="1.0"?>
<ismrmrdHeader xmlns="http://www.ismrm.org/ISMRMRD">
 <experimentalConditions><H1resonanceFrequency_Hz>63500000</H1resonanceFrequency_Hz></experimentalConditions>
 <encoding>
  <encodedSpace><matrixSize><x>{x}</x><y>{y}</y><z>{z}</z></matrixSize>
   <fieldOfView_mm><x>{fx}</x><y>180</y><z>{fz}</z></fieldOfView_mm></encodedSpace>
  <reconSpace><matrixSize><x>64</x><y>{y}</y><z>{z}</z></matrixSize>
   <fieldOfView_mm><x>192</x><y>180</y><z>{fz}</z></fieldOfView_mm></reconSpace>
  <encodingLimits>
   <kspace_encoding_step_1><minimum>0</minimum><maximum>{last}</maximum><center>{centre}</center></kspace_encoding_step_1>
   <kspace_encoding_step_2><minimum>0</minimum><maximum>{z}</maximum><center>{zc}</center></kspace_encoding_step_2>
  </encodingLimits>
  <trajectory>{trajectory}</trajectory>
 </encoding>
</ismrmrdHeader>"""
X, Y, COILS = 128, 60, 4


def xml(**changes):
    values = {
        "x": X,
        "y": Y,
        "z": 1,
        "fx": 384,
        "fz": 4,
        "last": Y - 1,
        "centre": Y // 2,
        "zc": 0,
        "trajectory": "cartesian",
    }
    return XML.format(**{**values, **changes})


def oversampled(slice_index=0):
    """k-space (coils, ky, kx) of an image (y, x) that fills the middle half of the readout."""
    image = np.zeros((Y, X))
    image[:, X // 4 : 3 * X // 4] = head((Y, X // 2)) * (1 + slice_index)
    return multicoil(image, COILS, seed=slice_index)


class Writer:
    """Writes acquisitions one by one."""

    def __init__(self, path, header):
        self.path = path
        self.data = ismrmrd.Dataset(str(path), create_if_needed=True)
        self.data.write_xml_header(header.encode())

    def add(
        self,
        samples,
        line=0,
        slice_index=0,
        flags=(),
        centre=None,
        partition=0,
        place=None,
        encoding=0,
        discard_post=0,
        **idx,
    ):
        acquisition = ismrmrd.Acquisition.from_array(np.ascontiguousarray(samples, np.complex64))
        acquisition.center_sample = samples.shape[1] // 2 if centre is None else centre
        acquisition.idx.kspace_encode_step_1, acquisition.idx.slice = line, slice_index
        acquisition.idx.kspace_encode_step_2 = partition
        for name, value in idx.items():
            setattr(acquisition.idx, name, value)
        acquisition.read_dir[:], acquisition.phase_dir[:], acquisition.slice_dir[:] = (0, 1, 0), (0, 0, 1), (1, 0, 0)
        acquisition.position[:] = ((5.0 * slice_index if place is None else place) - 10, 3, 7)
        acquisition.encoding_space_ref, acquisition.discard_post = encoding, discard_post
        for flag in flags:
            acquisition.setFlag(flag)
        self.data.append_acquisition(acquisition)

    def slice(self, kspace, slice_index=0, lines=range(Y), **idx):
        for line in lines:
            self.add(kspace[:, line], line, slice_index, **idx)
        return self

    def read(self):
        self.data.close()
        return read_mr(self.path)


@pytest.fixture
def writer(tmp_path):
    return Writer(tmp_path / "scan.h5", xml())


def expected(kspace):
    """The readout's middle half, (coils, x, y)."""
    return to_image(kspace)[..., X // 4 : 3 * X // 4].transpose(0, 2, 1)


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


def test_geometry_comes_from_the_acquisitions(writer) -> None:
    for index in range(3):
        writer.slice(oversampled(index), index)
    (series,) = writer.read()
    assert series.geometry.spacing == pytest.approx((3.0, 3.0, 5.0))
    centre = series.geometry.affine @ [32, Y // 2, 0, 1]
    np.testing.assert_allclose(centre[:3], (-10, 3, 7), atol=1e-5)
    np.testing.assert_allclose(series.geometry.affine[:3, 0], (0, 3, 0), atol=1e-6)
    np.testing.assert_allclose(series.geometry.affine[:3, 2], (5, 0, 0), atol=1e-6)


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


def test_navigators_are_left_out(writer) -> None:
    kspace = oversampled()
    writer.add(kspace[:, 0] + 99, 0, flags=(ismrmrd.ACQ_IS_PHASECORR_DATA,))
    writer.add(kspace[:, 0] + 99, 0, flags=(ismrmrd.ACQ_IS_NAVIGATION_DATA,))
    (series,) = writer.slice(kspace).read()
    assert any(note.startswith("2 acquisitions") for note in series.notes)
    np.testing.assert_allclose(to_image(series.kspace.load(0).grid), expected(kspace), atol=1e-5)


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


def test_slices_of_several_orientations_are_series_of_their_own(writer) -> None:
    kspace = oversampled()
    writer.slice(kspace, 0).slice(kspace, 1)
    original = Writer.add

    def turned(self, samples, line=0, slice_index=0, **more):
        acquisition = ismrmrd.Acquisition.from_array(np.ascontiguousarray(samples, np.complex64))
        acquisition.center_sample = X // 2
        acquisition.idx.kspace_encode_step_1, acquisition.idx.slice = line, slice_index
        acquisition.read_dir[:], acquisition.phase_dir[:], acquisition.slice_dir[:] = (1, 0, 0), (0, 0, 1), (0, 1, 0)
        self.data.append_acquisition(acquisition)

    Writer.add = turned
    try:
        writer.slice(kspace, 2)
    finally:
        Writer.add = original
    found = writer.read()
    assert [(series.label, series.kspace.slices) for series in found] == [("orientation0", 2), ("orientation1", 1)]


def test_slices_in_the_order_of_place_not_of_time(tmp_path) -> None:
    writer = Writer(tmp_path / "time.h5", xml())
    for number, place in enumerate((2, 0, 1)):
        for line in range(Y):
            writer.add(oversampled(place)[:, line], line, number, place=5.0 * place)
    (series,) = writer.read()
    for place in range(3):
        np.testing.assert_allclose(to_image(series.kspace.load(place).grid), expected(oversampled(place)), atol=1e-5)
    np.testing.assert_allclose(series.geometry.affine[:3, 2], (5, 0, 0), atol=1e-6)


def test_kspace_is_filled_up_to_the_reconstructed_matrix(tmp_path) -> None:
    header = xml().replace("<x>64</x><y>60</y>", "<x>96</x><y>90</y>")
    (series,) = Writer(tmp_path / "fine.h5", header).slice(oversampled()).read()
    assert (series.kspace.samples, series.kspace.lines, series.kspace.image_shape) == (64, Y, (96, 90))
    assert series.shape == (1, 90, 96)
    assert series.geometry.spacing[:2] == pytest.approx((2.0, 2.0))
    np.testing.assert_allclose((series.geometry.affine @ [48, 45, 0, 1])[:3], (-10, 3, 7), atol=1e-5)


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


def test_a_trajectory_is_read_and_brought_to_cycles_per_pixel(tmp_path) -> None:
    for scale, words in ((1.0, ""), (128.0, "cycles per field of view"), (2 * np.pi, "radians")):
        path = tmp_path / f"radial{scale}.h5"
        writer = Writer(path, xml(y=128, trajectory="radial", centre=0))
        angles = np.pi * np.arange(20) / 20
        radius = (np.arange(X) - X // 2) / X
        for spoke, angle in enumerate(angles):
            acquisition = ismrmrd.Acquisition.from_array(
                np.full((COILS, X), spoke + 1, np.complex64),
                (scale * np.outer(radius, (np.cos(angle), np.sin(angle)))).astype(np.float32),
            )
            acquisition.center_sample = X // 2
            acquisition.idx.kspace_encode_step_1 = spoke
            writer.data.append_acquisition(acquisition)
        (series,) = writer.read()
        source = series.kspace
        assert (source.kind, source.coils, source.samples, source.lines) == ("radial", COILS, X, 20)
        assert source.image_shape == (128, 128)
        assert series.shape == (1, 128, 64)
        assert any(words in note for note in series.notes) or not words
        np.testing.assert_allclose(source.load(0).trajectory[5, :, 1], radius * np.sin(angles[5]), atol=1e-6)
        assert (source.load(0).samples[7] == 8).all()


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


def test_a_header_that_lies_about_the_data(tmp_path) -> None:
    for name, header, words in (
        ("narrow.h5", xml(x=64, fx=192), "samples"),
        ("few_lines.h5", xml(y=30, centre=15), "kspace_encode_step_1"),
        ("radial.h5", xml(trajectory="radial"), "trajectory is radial"),
        ("zero.h5", xml(x=0), "matrix"),
    ):
        with pytest.raises(UnreadableInput, match=words):
            Writer(tmp_path / name, header).slice(oversampled()).read()


def test_a_changed_coil_count_and_no_imaging_data(tmp_path) -> None:
    writer = Writer(tmp_path / "coils.h5", xml()).slice(oversampled())
    writer.add(oversampled()[:2, 0], 0)
    with pytest.raises(UnreadableInput, match="2, 4 coils"):
        writer.read()
    writer = Writer(tmp_path / "noise.h5", xml())
    writer.add(oversampled()[:, 0], 0, flags=(ismrmrd.ACQ_IS_NOISE_MEASUREMENT,))
    with pytest.raises(UnreadableInput, match="none of them for imaging"):
        writer.read()
