"""What the scanner measured reaches the model, and its image comes back in the unit of the scanner."""

from __future__ import annotations

import numpy as np
import pytest

from recon.errors import UnusableData
from recon.physics.fourier import finer, to_image
from recon.tasks.base import ModelFacts
from tests.tasks.mr.streams import CLASSICAL, OUTPUT, perfect, prepared, work_of


@pytest.mark.parametrize("unit", [1e-9, 1.0, 1e9])
def test_units_of_the_scanner_come_back(kspace, unit) -> None:
    work = work_of(kspace * np.float32(unit))
    tensors = prepared(work)
    assert tensors["kspace"].shape == (1, 6, 96, 80, 2)
    assert np.abs(tensors["kspace"]).max() == pytest.approx(1)
    result = work.finish({OUTPUT: perfect(work, tensors)})
    expected = np.sqrt((np.abs(to_image(kspace)) ** 2).sum(0)) * unit
    np.testing.assert_allclose(result.image, expected, rtol=1e-3, atol=1e-4 * unit)
    np.testing.assert_allclose(result.uncertainty, 0.04 * result.image, rtol=1e-3)


def test_a_finer_matrix_keeps_values_and_the_centre(kspace) -> None:
    expected = finer(to_image(kspace), (144, 100))
    for name in ("sense", "zero-filled"):
        work = work_of(kspace, ModelFacts(name, parameters=CLASSICAL), rows=144, columns=100)
        result = work.finish({OUTPUT: perfect(work, prepared(work))})
        assert result.image.shape == result.uncertainty.shape == (144, 100)
        rss = np.sqrt((np.abs(expected) ** 2).sum(0))
        error = np.linalg.norm(result.image - rss) / np.linalg.norm(rss)
        assert error < (1e-4 if name == "zero-filled" else 0.15)


def test_noise_and_method_go_with_the_request(kspace) -> None:
    work = work_of(kspace, ModelFacts("sense", parameters=CLASSICAL), noise_std=0.002)
    assert work.parameters == {"method": "sense"}
    assert prepared(work)["noise_std"][0] == pytest.approx(0.002 / np.abs(kspace.view(np.float32)).max())


def test_a_trajectory_goes_with_its_samples(kspace) -> None:
    path = np.zeros((80, 96, 2), np.float32)
    path[..., 0] = np.linspace(-0.5, 0.5, 96)
    model = ModelFacts("sense", parameters=CLASSICAL)
    work = work_of(kspace, model, path.tobytes(), trajectory=2, rows=64, columns=48)
    tensors = prepared(work)
    np.testing.assert_array_equal(tensors["trajectory"], path)
    assert work.parameters == {"method": "sense", "rows": "64", "columns": "48"}
    assert work.outputs[OUTPUT].shape == (1, 5, 64, 48)
    output = np.ones((1, 5, 64, 48), np.float32)
    output[0, 4] = 0.02
    (check,) = [c for c in work.finish({OUTPUT: output}).checks if c.name == "data_consistency"]
    assert check.value == pytest.approx(0.02)


def test_the_counts_of_measurements_reach_the_model(kspace) -> None:
    lines = np.arange(80) % 3 == 0
    for name, matrix in (("sense", {}), ("zero-filled", {"rows": 144, "columns": 100})):
        work = work_of(kspace, ModelFacts(name, parameters=CLASSICAL), lines=lines, **matrix)
        counts = prepared(work)["counts"]
        assert counts.dtype == np.uint16
        assert counts.shape == work.inputs["kspace"].shape[2:4]
        assert counts.sum() == 96 * lines.sum()
        assert set(np.flatnonzero(counts.any(0)) - (counts.shape[1] // 2 - 40)) == set(np.flatnonzero(lines))


@pytest.mark.parametrize(("largest", "refused"), [(1e-39, True), (0.0, True), (2e-38, False)])
def test_samples_that_nothing_can_be_divided_by_are_refused(kspace, largest, refused) -> None:
    tiny = kspace / np.abs(kspace).max() * np.float32(largest)
    work = work_of(tiny.astype(np.complex64))
    if refused:
        with pytest.raises(UnusableData, match=r"no sample beyond|zero everywhere"):
            prepared(work)
    else:
        assert np.isfinite(prepared(work)["kspace"]).all()
