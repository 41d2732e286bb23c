"""k-space to tensors and back to an image with a verdict."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from recon.errors import UnusableData
from recon.physics.fourier import finer, to_image
from recon.quality.verdict import Verdict
from recon.tasks.base import ModelFacts
from recon.tasks.mr.domain import Domain
from recon.tasks.mr.noise import noise_levels
from recon.tasks.mr.sampling import sampling_of
from recon.values.readouts import Readouts
from tests.conftest import head, multicoil
from tests.tasks.mr.streams import CLASSICAL, DECLARED, OUTPUT, failed, perfect, prepared, work_of


def measured(kspace, lines=None):
    """Readouts of k-space (coils, samples, lines), of these lines or all."""
    return Readouts.of_grid(kspace, None if lines is None else np.broadcast_to(lines, kspace.shape[1:]))


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


def test_noise_is_measured_in_the_corners_of_kspace() -> None:
    # smooth enough that the corners hold noise alone
    kspace = multicoil(gaussian_filter(head((128, 128)), 1.5), 4, noise=0.02)
    found = noise_levels(Readouts.of_grid(kspace))
    assert found == pytest.approx([0.02] * 4, rel=0.15)


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


@pytest.mark.parametrize(("value", "words"), [(np.nan, "NaN"), (np.inf, "infinite"), (0, "zero everywhere")])
def test_samples_that_are_no_numbers_or_none(kspace, value, words) -> None:
    kspace[2, 3, 4] = value
    work = work_of(kspace if value else kspace * 0)
    with pytest.raises(UnusableData, match=words):
        prepared(work)


def test_what_a_model_is_for_says_its_configuration(kspace) -> None:
    """Many coils and high acceleration are judged by the numbers by which the model is chosen."""
    lines = np.arange(80) % 20 == 0
    for changes, expected in (
        ({}, set()),
        ({"domain_coils": "1,4"}, {"coil_count"}),
        ({"domain_matrix": "90,512"}, {"matrix_size"}),
        ({"domain_matrix": "48,90"}, {"matrix_extent"}),
    ):
        model = ModelFacts("network", parameters={**DECLARED, **changes})
        assert failed(work_of(kspace, model)) == expected
        assert bool(Domain.of(model).outside(sampling_of(measured(kspace).mask, 6))) == bool(expected)
    assert {"acceleration", "calibration_region"} <= failed(work_of(kspace, lines=lines))
    assert {"coil_count", "acceleration"} <= failed(work_of(kspace, ModelFacts("says nothing")))


def test_dead_coils_are_named_and_left_out(kspace) -> None:
    for dead, passes in (([2], True), ([0, 1, 3, 5], False)):
        some = kspace.copy()
        some[dead] = 0
        work = work_of(some)
        assert work.inputs["kspace"].shape[1] == 6 - len(dead)
        (check,) = [check for check in work.judge_input() if check.name == "dead_coils"]
        assert (check.outcome is Verdict.PASS) == passes
        assert ", ".join(str(coil + 1) for coil in dead) in check.message
        (noise,) = [
            c for c in work.finish({OUTPUT: perfect(work, prepared(work))}).checks if c.name == "noise_to_signal"
        ]
        assert noise.value > 0


def test_the_counts_of_measurements_reach_the_model(kspace) -> None:
    lines = np.arange(80) % 3 == 0
    for name, matrix in (("sense", {}), ("zero-filled", {"rows": 144, "columns": 100})):
        work = work_of(kspace, ModelFacts(name, parameters=CLASSICAL), lines=lines, **matrix)
        counts = prepared(work)["counts"]
        assert counts.dtype == np.uint16
        assert counts.shape == work.inputs["kspace"].shape[2:4]
        assert counts.sum() == 96 * lines.sum()
        assert set(np.flatnonzero(counts.any(0)) - (counts.shape[1] // 2 - 40)) == set(np.flatnonzero(lines))


def test_missing_readouts_of_a_trajectory_count_as_missing(kspace) -> None:
    path = np.random.default_rng(0).uniform(-0.5, 0.5, (80, 96, 2)).astype(np.float32)
    some = np.arange(80) < 20
    model = ModelFacts("sense", parameters=CLASSICAL)
    work = work_of(kspace, model, path[some].tobytes(), lines=some, trajectory=2, rows=64, columns=48)
    (check,) = [check for check in work.judge_input() if check.name == "acceleration"]
    assert check.value == pytest.approx(np.pi / 2 * 48 / 20)
