"""Runtimes, tuning and model repositories, on a network of one convolution."""

from __future__ import annotations

from pathlib import Path

from recon.bench import runtimes
from recon.bench.models import pinned
from tests.bench.small import SHAPE


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
