"""k-space to tensors and back to an image with a verdict."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from recon.engine.limits import Limits
from recon.errors import InvalidRequest, UnusableData
from recon.physics.fourier import finer, to_image
from recon.quality.verdict import Verdict
from recon.tasks.base import ModelFacts
from recon.tasks.mr.domain import Domain
from recon.tasks.mr.header import series_facts
from recon.tasks.mr.noise import noise_levels
from recon.tasks.mr.sampling import sampling_of
from recon.tasks.mr.task import MrTask
from recon.v1 import mr_pb2
from recon.values.readouts import Readouts
from recon.volumes import Geometry
from recon.wire.messages import geometry_to_message
from tests.conftest import head, multicoil

DECLARED = {
    "domain_trajectories": "cartesian",
    "domain_coils": "1,32",
    "domain_matrix": "48,512",
    "domain_acceleration": "1,8.8",
    "domain_centred": "12",
}
MODEL = ModelFacts("network", conformal_factor=2.0, parameters=DECLARED)
CLASSICAL = {
    "methods": "zero-filled,sense",
    "linear_methods": "zero-filled,sense",
    "takes": "kspace,counts,trajectory",
    "takes_noise": "yes",
    "domain_coils": "1,128",
    "domain_matrix": "48,1024",
    "domain_acceleration": "1,8.8",
}
OUTPUT = "image_interval_residual"


def header(kspace, **changes):
    coils, samples, lines = kspace.shape
    values = {
        "series_name": "s",
        "trajectory": 1,
        "coils": coils,
        "samples": samples,
        "lines": lines,
        "slices": 1,
        "averages": 1,
        "rows": 0,
        "columns": 0,
        "noise_std": 0.0,
        "encoding": "",
        "geometry": geometry_to_message(Geometry.from_spacing(1, 1, 3)),
    }
    return SimpleNamespace(**{**values, **changes})


def measured(kspace, lines=None):
    """Readouts of k-space (coils, samples, lines), of these lines or all."""
    return Readouts.of_grid(kspace, None if lines is None else np.broadcast_to(lines, kspace.shape[1:]))


def work_of(kspace, model=MODEL, path=b"", lines=None, **changes):
    """The work that a stream of one slice makes."""
    session = MrTask().open(header(kspace, **changes), model)
    sent = np.arange(kspace.shape[2]) if lines is None else np.flatnonzero(lines)
    data = np.ascontiguousarray(kspace.transpose(2, 0, 1)[sent], "<c8").tobytes()
    readouts = mr_pb2.Readouts(
        slice_index=0, lines=sent.tolist(), data=data, last_in_slice=True, trajectory=bytes(path)
    )
    (work,) = session.add(SimpleNamespace(WhichOneof=lambda _: "readouts", readouts=readouts))
    assert session.is_complete
    return work


def prepared(work):
    tensors = {name: np.full(spec.shape, np.nan, spec.dtype) for name, spec in work.inputs.items()}
    work.prepare(tensors)
    return tensors


def perfect(work, tensors):
    """What a model would answer that explains everything and is sure of it."""
    image = np.sqrt((np.abs(to_image(tensors["kspace"].view(np.complex64)[0, ..., 0])) ** 2).sum(0))
    zero = np.zeros_like(image)
    output = np.stack([image, zero, 0.01 * image, 0.03 * image, zero]).astype(np.float32)[None]
    assert output.shape == work.outputs[OUTPUT].shape
    return output


def failed(work, change=None):
    output = perfect(work, prepared(work))
    if change is not None:
        change(output[0])
    checks = [*work.judge_input(), *work.finish({OUTPUT: output}).checks]
    return {check.name for check in checks if check.outcome is not Verdict.PASS}


@pytest.fixture
def kspace():
    return multicoil(head((96, 80)), 6, noise=0.002)


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


def test_a_good_scan_passes_and_bad_ones_do_not(kspace) -> None:
    assert failed(work_of(kspace)) == set()
    sparse = np.arange(80) % 20 == 0
    assert {"acceleration", "calibration_region"} <= failed(work_of(kspace, lines=sparse))
    assert "data_consistency" in failed(work_of(kspace), lambda planes: planes[4].fill(0.05))
    assert "mean_uncertainty" in failed(work_of(kspace), lambda planes: planes[2:4].fill(planes[0].max()))
    assert failed(work_of(kspace), lambda planes: planes[2:4].fill(np.nan)) == {"mean_uncertainty"}


def test_an_object_that_reaches_over_the_edge_is_seen() -> None:
    wide = np.roll(head((96, 80)), 40, axis=1)
    assert failed(work_of(multicoil(wide, 6, noise=0.002))) == {"wrap_around"}


def test_a_noise_scan_that_does_not_fit_is_seen() -> None:
    smooth = multicoil(gaussian_filter(head((96, 80)), 1.5), 6, noise=0.02)
    assert failed(work_of(smooth, noise_std=0.02)) == set()
    assert failed(work_of(smooth, noise_std=0.05)) == {"noise_scan_agreement"}


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


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"coils": 0}, "coils"),
        ({"coils": 129}, "coils"),
        ({"samples": 8}, "samples"),
        ({"lines": 2000}, "lines"),
        ({"slices": 0}, "slices"),
        ({"averages": 5000}, "averages"),
        ({"trajectory": 0}, "trajectory"),
        ({"trajectory": 2}, "rows"),
        ({"rows": 90, "columns": 80}, "rows"),
        ({"rows": 96}, "rows"),
        ({"noise_std": -1.0}, "noise_std"),
        ({"noise_std": float("nan")}, "noise_std"),
    ],
)
def test_impossible_headers(kspace, changes, field) -> None:
    with pytest.raises(InvalidRequest) as caught:
        series_facts(header(kspace, **changes))
    assert caught.value.field == field


def test_a_network_takes_no_trajectory(kspace) -> None:
    with pytest.raises(InvalidRequest, match="takes Cartesian k-space"):
        MrTask().open(header(kspace, trajectory=2, rows=64, columns=64), MODEL)


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


def _operations(model: str, **changes: object) -> float:
    facts = ModelFacts(model, parameters={**CLASSICAL, "trajectory_methods": "zero-filled,sense"})
    kspace = np.empty((8, 320, 320), np.complex64)
    return MrTask().open(header(kspace, **changes), facts).operations


def test_what_scanners_make_is_never_too_much_work_and_what_nobody_finishes_is() -> None:
    most = Limits().most_operations
    assert _operations("sense", coils=32, samples=1024, lines=1024) < most
    radial = {"trajectory": 2, "rows": 320, "columns": 320, "samples": 640}
    assert _operations("sense", lines=800, **radial) < most
    endless = {**radial, "samples": 8192, "lines": 4096}
    assert _operations("sense", **endless) > most
    assert _operations("zero-filled", **endless) < most


@pytest.mark.parametrize("spacing", [(1e5, 1e5, 3.0), (1.0, 1.0, 1e-9), (1.0, 40.0, 3.0)])
def test_placements_are_bounded(spacing: tuple[float, float, float]) -> None:
    kspace = np.empty((8, 320, 320), np.complex64)
    placed = geometry_to_message(Geometry.from_spacing(*spacing))
    with pytest.raises(InvalidRequest, match=r"0\.05 to 50 mm|may be 20 times"):
        MrTask().open(header(kspace, geometry=placed), ModelFacts("network"))


def test_noise_is_bounded() -> None:
    with pytest.raises(InvalidRequest, match=r"noise_std is 1e\+30; .* 0 \(unknown\) to 1e\+09"):
        series_facts(header(np.empty((8, 320, 320), np.complex64), noise_std=1e30))
