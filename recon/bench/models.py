"""What each network costs, and how much of the machine each runtime gets out of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from recon import __version__
from recon.backend.configuration import warm_shapes
from recon.bench import runtimes
from recon.bench.flops import cost
from recon.bench.progress import Told
from recon.machine import describe
from recon.serving.triton.repository import models_in


@contextmanager
def pinned(threads: int) -> Iterator[None]:
    """Keep this process and the threads that it starts on the first ``threads`` of its cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, set(sorted(before)[:threads]))
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def networks(repository: Path) -> dict[str, tuple[Path, dict[str, list[int]]]]:
    """Every ONNX file of a model repository by ``model:version``, with the shapes that the model warms up with.

    The shape of an input that the configuration does not name has the name ``""``: it is the first one.
    """
    found = {}
    for weights in sorted(repository.glob("*/*/*.onnx")):
        served = next(m for m in models_in(weights.parents[1]) if m.version == weights.parent.name)
        shapes = served.parameter("warm_shape")
        if shapes:
            name = f"{weights.parents[1].name}:{weights.parent.name}"
            name += "" if weights.name == "model.onnx" else f"/{weights.stem}"
            found[name] = weights, warm_shapes(shapes, "")
    return found


def measure_models(repository: Path, threads: int, told: Told = lambda _: None) -> dict[str, Any]:
    """Cost of every network, and its time on every runtime beside the machine's peak at the same precision.

    Parameters
    ----------
    repository
        Of models.
    threads
        That each runtime gets, on as many cores.
    told
        Hears what is being done.
    """
    with pinned(threads):
        peaks: dict[str, float] = {}
        models: dict[str, Any] = {}
        for name, (weights, shapes) in networks(repository).items():
            told(f"{name}: counting")
            shape = tuple(next(iter(shapes.values())))
            try:
                price = cost(weights, list(shapes.values()))
            except Exception as error:  # a network with other inputs than the model
                models[name] = {"shape": list(shape), "problem": str(error).splitlines()[0]}
                continue
            if len(shapes) > 1:
                models[name] = {"shape": list(shape), **asdict(price)}
                continue
            rows = []
            for runtime, precision, infer in _runtimes(weights, shape, threads, told):
                told(f"{name}: {runtime} {precision}")
                spent, shortest = runtimes.seconds(infer)
                # beside every network anew: other work on the machine may have hidden the peak before
                peaks[precision] = max(peaks.get(precision, 0.0), runtimes.peak_flops(threads, precision))
                rows.append(
                    {
                        "runtime": runtime,
                        "precision": precision,
                        "ms": round(1e3 * spent, 2),
                        # both at their best, so that other work on the machine does not tilt their ratio
                        "shortest_ms": round(1e3 * shortest, 2),
                        "gflops_per_s": round(price.flops / shortest / 1e9, 1),
                    }
                )
            told(f"{name}: benchmark_app")
            models[name] = {
                "shape": list(shape),
                "threads": threads,
                **asdict(price),
                "runtimes": rows,
                "benchmark_app_ms": runtimes.benchmark_app(weights, shape, threads),
            }
    for found in models.values():
        for row in found.get("runtimes", []):
            row["share_of_peak"] = round(1e9 * row["gflops_per_s"] / peaks[row["precision"]], 3)
    return {
        "format": 1,
        "kind": "models",
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "software": __version__,
        "machine": describe(),
        "threads": threads,
        "peaks": {name: round(value / 1e9, 1) for name, value in peaks.items()},
        "models": models,
    }


def _runtimes(
    weights: Path, shape: tuple[int, ...], threads: int, told: Told
) -> Iterator[tuple[str, str, runtimes.Infer]]:
    told(f"{weights.parent}: OpenVINO")
    infer, precision = runtimes.openvino(weights, shape, threads)
    yield "OpenVINO", precision, infer
    if precision != "f32":
        yield "OpenVINO", "f32", runtimes.openvino(weights, shape, threads, "f32")[0]
    told(f"{weights.parent}: ONNX Runtime")
    yield "ONNX Runtime", "f32", runtimes.onnx_runtime(weights, shape, threads)
    eager = runtimes.torch_eager(weights, shape, threads)
    if eager is not None:
        told(f"{weights.parent}: torch")
        yield "torch eager", "f32", eager
