"""Runtimes, tuning and model repositories, on a network of one convolution."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from recon.bench import runtimes
from recon.bench.models import networks, pinned
from recon.bench.record import check
from recon.bench.routes.network import model_repository
from recon.bench.tune import settings, tune

SHAPE = (1, 1, 32, 32)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "small" / "2"
    folder.mkdir(parents=True)
    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, "rows", "columns"])
    out = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    weight = numpy_helper.from_array(np.ones((4, 1, 3, 3), np.float32), "w")
    graph = helper.make_graph([helper.make_node("Conv", ["x", "w"], ["y"])], "g", [given], [out], [weight])
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), folder / "model.onnx"
    )
    config = 'name: "small"\nparameters [ { key: "warm_shape" value: { string_value: "1,1,32,32" } } ]\n'
    (tmp_path / "small" / "config.pbtxt").write_text(config)
    return tmp_path


def test_networks_of_a_repository(repository: Path) -> None:
    assert networks(repository) == {"small:2": (repository / "small" / "2" / "model.onnx", {"": list(SHAPE)})}


def test_every_network_that_is_shipped_is_found() -> None:
    found = networks(model_repository())
    assert {"ct_denoise:1", "ct_denoise_light:1", "contrast_enhance:1", "mr_unrolled:1/cascade1"} <= set(found)
    assert set(found["contrast_enhance:1"][1]) == {"features", "conditions"}


def test_runtimes_run(repository: Path) -> None:
    weights = repository / "small" / "2" / "model.onnx"
    infer, precision = runtimes.openvino(weights, SHAPE, 1, "f32")
    assert precision in ("f32", "float")
    for run in (infer, runtimes.onnx_runtime(weights, SHAPE, 1)):
        median, shortest = runtimes.seconds(run, least_s=0.01)
        assert 0 < shortest <= median < 1
    assert runtimes.torch_eager(weights, SHAPE, 1) is None  # no network that is known in torch


def test_the_peak_is_above_what_one_core_can_not_miss() -> None:
    with pinned(1):
        assert 1e9 < runtimes.peak_flops(1, "f32", side=256, least_s=0.05) < 1e13


def test_tuning_chooses_among_what_it_tried(repository: Path) -> None:
    weights = repository / "small" / "2" / "model.onnx"
    found = tune(weights, {"": SHAPE}, rounds=3)
    check(found)
    assert (found["model"], found["version"]) == ("small", "2")
    assert found["sha256"] == hashlib.sha256(weights.read_bytes()).hexdigest()
    assert found["choice"] in found["tried"]
    assert {row["runtime"] for row in found["tried"]} == {"openvino", "onnxruntime"}
    fastest = min(row["ms"] for row in found["tried"])
    assert found["choice"]["ms"] <= 1.1 * fastest


def test_tuning_ends_in_time_and_keeps_the_first_setting(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(4)))
    weights = repository / "small" / "2" / "model.onnx"
    found = tune(weights, {"": SHAPE}, rounds=3, other_runtimes=False, within_s=0.0)
    check(found)
    assert found["tried"] == [found["choice"]]
    assert (found["choice"]["threads"], found["choice"]["instances"]) == (4, 1)


def test_settings_are_those_of_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    for cores, expected in (
        (1, [(1, 1, 0)]),
        (2, [(2, 1, 0), (1, 1, 0), (1, 2, 0), (1, 2, 2)]),
        (16, [(16, 1, 0), (8, 1, 0), (1, 1, 0), (8, 2, 0), (4, 4, 0), (2, 8, 0), (1, 8, 16)]),
    ):
        monkeypatch.setattr("os.sched_getaffinity", lambda _, cores=cores: set(range(cores)))
        found = settings(other_runtimes=False)
        assert [(one.threads, one.instances, one.alone) for one in found] == expected
        assert {one.runtime for one in found} == {"openvino"}
