"""k-space in the layout of fastMRI: types, axes, masks, header, and bad files."""

from __future__ import annotations

import contextlib

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recon.errors import ReconError, UnreadableInput, UnusableData
from recon.io.kspace import fastmri
from recon.io.kspace.read import read_mr
from recon.physics.fourier import to_image
from tests.conftest import head, multicoil

HEADER = """<?xml version="1.0"?>
<ismrmrdHeader xmlns="http://www.ismrm.org/ISMRMRD">
 <experimentalConditions><H1resonanceFrequency_Hz>63500000</H1resonanceFrequency_Hz></experimentalConditions>
 <encoding>
  <encodedSpace><matrixSize><x>160</x><y>96</y><z>1</z></matrixSize>
   <fieldOfView_mm><x>400</x><y>240</y><z>5</z></fieldOfView_mm></encodedSpace>
  <reconSpace><matrixSize><x>80</x><y>80</y><z>1</z></matrixSize>
   <fieldOfView_mm><x>200</x><y>200</y><z>5</z></fieldOfView_mm></reconSpace>
  <encodingLimits><kspace_encoding_step_1><minimum>0</minimum><maximum>95</maximum><center>48</center>
  </kspace_encoding_step_1></encodingLimits>
  <trajectory>cartesian</trajectory>
 </encoding>
</ismrmrdHeader>"""


def write(path, kspace, **more):
    with h5py.File(path, "w") as file:
        file["kspace"] = kspace
        for name, value in more.items():
            file[name] = value
    return path


@pytest.fixture
def kspace():
    return np.stack([multicoil(head((96, 80)), 4, seed=s) for s in range(3)])


def test_slices_are_what_was_written(tmp_path, kspace) -> None:
    (series,) = read_mr(write(tmp_path / "a.h5", kspace))
    assert (series.kspace.slices, series.kspace.coils, series.kspace.samples, series.kspace.lines) == (3, 4, 96, 80)
    assert series.shape == (3, 96, 80)
    np.testing.assert_array_equal(series.kspace.load(1).grid, kspace[1])


def test_single_coil_files_and_single_slices(tmp_path, kspace) -> None:
    (series,) = read_mr(write(tmp_path / "a.h5", kspace[:, 0]))
    assert (series.kspace.slices, series.kspace.coils) == (3, 1)
    np.testing.assert_array_equal(series.kspace.load(2).grid, kspace[2, :1])
    (series,) = read_mr(write(tmp_path / "b.h5", kspace[0, 0]))
    np.testing.assert_array_equal(series.kspace.load(0).grid, kspace[0, :1])


def test_other_complex_types(tmp_path, kspace) -> None:
    pairs = np.stack([kspace.real, kspace.imag], -1)
    whole = np.rint(1000 * pairs)
    integers = np.zeros(kspace.shape, [("r", "<i2"), ("i", "<i2")])
    integers["r"], integers["i"] = whole[..., 0], whole[..., 1]
    for name, stored, scale in (
        ("double", kspace.astype(np.complex128), 1.0),
        ("pairs", pairs.astype(np.float64), 1.0),
        ("integers", integers, 1000.0),
        ("integer_pairs", whole.astype(np.int32), 1000.0),
    ):
        (series,) = read_mr(write(tmp_path / f"{name}.h5", stored))
        np.testing.assert_allclose(series.kspace.load(1).grid / scale, kspace[1], atol=1e-3)


def test_the_mask_of_the_file_is_applied(tmp_path, kspace) -> None:
    mask = np.arange(80) % 3 == 0
    (series,) = read_mr(write(tmp_path / "a.h5", kspace, mask=mask.astype(np.uint8)))
    loaded = series.kspace.load(0).grid
    assert not loaded[..., ~mask].any()
    np.testing.assert_array_equal(loaded[..., mask], kspace[0][..., mask])


def test_a_zero_that_the_mask_calls_measured_is_a_sample(tmp_path, kspace) -> None:
    kspace[0, :, 10, 40] = 0
    mask = np.arange(80) % 2 == 0
    (masked,) = read_mr(write(tmp_path / "a.h5", kspace, mask=mask))
    assert masked.kspace.load(0).mask[40, 10]
    assert not any("mask" in note for note in masked.notes)


def test_without_a_mask_zeros_are_gaps_and_a_note_says_so(tmp_path, kspace) -> None:
    kspace[0, :, 10, 40] = 0
    (series,) = read_mr(write(tmp_path / "a.h5", kspace))
    found = series.kspace.load(0).mask
    assert not found[40, 10]
    assert found.sum() == found.size - 1
    assert any("no mask" in note for note in series.notes)


def test_the_header_gives_spacing_and_field_of_view(tmp_path) -> None:
    image = np.zeros((160, 96))
    image[50:110, 20:76] = head((60, 56))
    (series,) = read_mr(write(tmp_path / "a.h5", multicoil(image, 2)[None], ismrmrd_header=HEADER))
    assert series.kspace.samples == 80  # the readout's oversampling is gone
    assert series.shape == (1, 80, 80)  # and the phase encoding's is cropped from the image
    assert series.geometry.spacing == pytest.approx((2.5, 2.5, 5.0))
    coils = to_image(series.kspace.load(0).grid)
    shown = series.laid_out(np.sqrt((np.abs(coils) ** 2).sum(0)).astype(np.float32))
    whole = np.sqrt((np.abs(to_image(multicoil(image, 2))) ** 2).sum(0))
    np.testing.assert_allclose(shown, whole[40:120, 8:88], atol=1e-5)


@pytest.mark.parametrize(
    ("stored", "words"),
    [
        (np.ones((2, 64, 64)), "complex"),
        (np.ones((2, 64, 64), np.int16), "complex"),
        (np.ones((2, 0, 64, 64), np.complex64), "no slice, coil or line"),
        (np.ones((1, 1, 2, 2, 64, 64), np.complex64), "slice, coil, ky, kx"),
        (np.ones(5, np.complex64), "slice, coil, ky, kx"),
        (np.array([b"text"]), "complex"),
    ],
)
def test_what_is_no_kspace_is_refused(tmp_path, stored, words) -> None:
    with pytest.raises(UnreadableInput, match=words):
        read_mr(write(tmp_path / "a.h5", stored))


def test_a_slice_that_fits_into_no_memory_is_refused(tmp_path, kspace, monkeypatch) -> None:
    monkeypatch.setattr(fastmri, "_MOST_SLICE_BYTES", kspace[0].nbytes - 1)
    with pytest.raises(UnreadableInput, match="too large"):
        read_mr(write(tmp_path / "a.h5", kspace))


def test_a_mask_that_does_not_fit_and_a_broken_header(tmp_path, kspace) -> None:
    with pytest.raises(UnreadableInput, match="mask has shape"):
        read_mr(write(tmp_path / "a.h5", kspace, mask=np.ones(7)))
    with pytest.raises(UnreadableInput, match="no usable ISMRMRD header"):
        read_mr(write(tmp_path / "b.h5", kspace, ismrmrd_header="<ismrmrdHeader><encoding>"))
    bomb = '<!DOCTYPE a [<!ENTITY b "bbbb">]>' + HEADER
    with pytest.raises(UnreadableInput, match="entities"):
        read_mr(write(tmp_path / "c.h5", kspace, ismrmrd_header=bomb))


@settings(max_examples=60)
@given(data=st.data())
def test_damaged_files_are_refused_or_read_never_a_crash(tmp_path, data) -> None:
    path = write(tmp_path / "whole.h5", np.ones((2, 2, 32, 32), np.complex64))
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    damaged = tmp_path / "damaged.h5"
    damaged.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    with contextlib.suppress(ReconError):
        for series in read_mr(damaged):
            assert series.kspace.load(0).samples.ndim == 3


def test_a_slice_without_signal_is_named(tmp_path, kspace) -> None:
    kspace[1] = 0
    series = fastmri.read(write(tmp_path / "a.h5", kspace))[0]
    assert series.kspace.load(0).grid.any()
    with pytest.raises(UnusableData, match="slice 1 is zero everywhere"):
        series.kspace.load(1)


@pytest.mark.parametrize("paired", [False, True])
def test_another_scan_at_the_same_path_is_another_study(tmp_path, kspace, paired) -> None:
    def uid(values):
        stored = np.stack([values.real, values.imag], -1) if paired else values
        (series,) = read_mr(write(tmp_path / "a.h5", stored.astype(np.float32 if paired else np.complex64)))
        return series.attributes.StudyInstanceUID

    other = kspace + np.random.default_rng(0).normal(size=kspace.shape)
    assert uid(kspace) == uid(kspace)
    assert uid(kspace) != uid(other)
