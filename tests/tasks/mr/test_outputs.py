"""What MR writes beside the images."""

from __future__ import annotations

import h5py
import numpy as np

from recon.io.kspace.series import KSpaceSeries
from recon.quality.verdict import Verdict
from recon.tasks.mr.outputs import MrSink
from recon.values.readouts import KSpace, Readouts
from recon.values.result import ImageSlice
from recon.volumes import Geometry

SHAPE = (8, 6)


def _series() -> KSpaceSeries:
    geometry = Geometry.from_spacing(1, 1, 4)
    kspace = KSpace(2, 1, *SHAPE, geometry, lambda _: Readouts.of_grid(np.ones((1, *SHAPE), np.complex64)))
    return KSpaceSeries("", kspace, geometry, SHAPE, True)


def _written(folder, *extras) -> h5py.File:
    sink = MrSink(_series(), folder, "sense", False)
    for index, extra in enumerate(extras):
        plane = np.ones(SHAPE, np.float32)
        sink.put(ImageSlice(index, plane, plane, Verdict.PASS, [], extra))
    sink.close()
    return h5py.File(folder / "image.h5")


def test_the_phase_lies_as_the_image_does(tmp_path) -> None:
    phase = np.linspace(-3, 3, 48, dtype=np.float32).reshape(SHAPE)
    with _written(tmp_path, {"PHASE": phase}, {"PHASE": -phase}) as file:
        assert file["phase"].shape == file["reconstruction"].shape == (2, 6, 8)
        np.testing.assert_array_equal(file["phase"][0], phase.T)
        np.testing.assert_array_equal(file["phase"][1], -phase.T)


def test_without_a_phase_there_is_no_such_dataset(tmp_path) -> None:
    with _written(tmp_path, {}, {}) as file:
        assert "phase" not in file


def test_images_without_numbers_make_no_dicom_and_a_note(tmp_path) -> None:
    series = _series()
    sink = MrSink(series, tmp_path, "sense", True)
    plane = np.ones(SHAPE, np.float32)
    broken = plane.copy()
    broken[2, 3] = np.nan
    sink.put(ImageSlice(0, broken, plane, Verdict.REJECT, [], {}))
    sink.close()
    assert (tmp_path / "image.h5").exists()
    assert not (tmp_path / "image").exists()
    assert [note for note in series.notes if "no DICOM series" in note]
