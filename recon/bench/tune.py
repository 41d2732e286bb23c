"""Which runtime, how many threads and how many instances serve a model best on this machine.

What is measured is the file that runs inside Triton, with each instance on a thread of this process where
the service gives it a process of its own. ``recon serve --tuning`` runs the model as the record says.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from recon import __version__
from recon.backend.runtime import runtime_of
from recon.machine import describe

Told = Callable[[str], object]
#: Latency that may be given up for throughput.
_SLACK = 1.1
#: Each instance holds a network of its own.
_INSTANCES = (1, 2, 4, 8)


def tune(
    weights: Path, shapes: Mapping[str, Sequence[int]], told: Told = lambda _: None, rounds: int = 7
) -> dict[str, Any]:
    """Measure the settings side by side and choose the fastest, written down with what was tried.

    Latency is that of one request alone, throughput that of as many requests in flight as there are instances.
    Precision is the runtime's own choice: whether a lower one is good enough is for the quality figures.

    Parameters
    ----------
    weights
        The one file of a model's version in the repository.
    shapes
        Of its inputs by name; ``""`` is the first one.
    told
        Hears what is being done.
    rounds
        Interleaved measurements of each setting.
    """
    import openvino

    network, rng = openvino.Core().read_model(weights), np.random.default_rng(0)
    first, outputs = network.inputs[0].any_name, [part.any_name for part in network.outputs]
    inputs = {name or first: rng.normal(0, 1, shape).astype(np.float32) for name, shape in shapes.items()}
    candidates = [(settings, _candidate(weights, inputs, outputs, **settings)) for settings in _settings()]
    latencies: dict[int, list[float]] = {index: [] for index in range(len(candidates))}
    speeds: dict[int, list[float]] = {index: [] for index in range(len(candidates))}
    for turn in range(rounds + 1):
        for index, (settings, run) in enumerate(candidates):
            told(f"round {turn} of {rounds}: {settings}")
            spent, speed = run()
            if turn:  # the first round warms up
                latencies[index].append(spent)
                speeds[index].append(speed)
    tried = [
        {
            **settings,
            "ms": round(1e3 * float(np.median(latencies[index])), 2),
            "slices_per_s": round(float(np.median(speeds[index])), 3),
        }
        for index, (settings, _) in enumerate(candidates)
    ]
    fastest = min(row["ms"] for row in tried)
    choice = max((row for row in tried if row["ms"] <= _SLACK * fastest), key=lambda row: row["slices_per_s"])
    return {
        "format": 1,
        "kind": "tune",
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "software": __version__,
        "machine": describe(),
        "model": weights.parents[1].name,
        "version": weights.parent.name,
        "sha256": hashlib.sha256(weights.read_bytes()).hexdigest(),
        "shapes": {name: list(shape) for name, shape in shapes.items()},
        "rounds": rounds,
        "tried": tried,
        "choice": choice,
    }


Run = Callable[[], tuple[float, float]]


def _settings() -> Iterator[dict[str, Any]]:
    cores = len(os.sched_getaffinity(0))
    shared = {(cores // instances, instances) for instances in _INSTANCES if instances <= cores}
    for threads, instances in sorted({(1, 1), (max(1, cores // 2), 1), *shared}):
        yield {"runtime": "openvino", "threads": threads, "instances": instances, "alone": 0}
    if cores > 1:  # busy, a thread each loses nothing to waiting; a request alone has a network with all threads
        yield {"runtime": "openvino", "threads": 1, "instances": min(cores, _INSTANCES[-1]), "alone": cores}
    if importlib.util.find_spec("onnxruntime") is not None:
        yield {"runtime": "onnxruntime", "threads": cores, "instances": 1, "alone": 0}


def _candidate(
    weights: Path,
    inputs: Mapping[str, Any],
    outputs: list[str],
    *,
    runtime: str,
    threads: int,
    instances: int,
    alone: int,
) -> Run:
    networks = [runtime_of(weights, runtime, threads) for _ in range(instances)]
    single = runtime_of(weights, runtime, alone) if alone else networks[0]
    pool = ThreadPoolExecutor(instances)

    def twice(network: Any) -> None:
        network(inputs, outputs)
        network(inputs, outputs)

    def run() -> tuple[float, float]:
        began = time.perf_counter()
        single(inputs, outputs)
        latency = time.perf_counter() - began
        began = time.perf_counter()
        list(pool.map(twice, networks))
        return latency, 2 * instances / (time.perf_counter() - began)

    return run
