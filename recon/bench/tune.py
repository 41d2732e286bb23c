"""Which runtime, how many threads and how many requests at a time serve a network best on this machine."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from recon import __version__
from recon.bench.machine import describe

Told = Callable[[str], object]
#: Latency that may be given up for throughput.
_SLACK = 1.1


def tune(weights: Path, shape: tuple[int, ...], told: Told = lambda _: None, rounds: int = 7) -> dict[str, Any]:
    """Measure the settings side by side and choose the fastest, written down with what was tried.

    Latency is that of one request alone, throughput that of as many requests in flight as the setting has.
    Precision is the runtime's own choice: whether a lower one is good enough is for the quality figures.

    Parameters
    ----------
    weights
        ONNX file.
    shape
        Of its input.
    told
        Hears what is being done.
    rounds
        Interleaved measurements of each setting.
    """
    candidates = list(_candidates(weights, shape))
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
            **settings, "ms": round(1e3 * float(np.median(latencies[index])), 2),
            "slices_per_s": round(float(np.median(speeds[index])), 3),
        }
        for index, (settings, _) in enumerate(candidates)
    ]  # fmt: skip
    fastest = min(row["ms"] for row in tried)
    choice = max((row for row in tried if row["ms"] <= _SLACK * fastest), key=lambda row: row["slices_per_s"])
    return {
        "format": 1, "kind": "tune", "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "software": __version__, "machine": describe(), "model": weights.parents[1].name,
        "version": weights.parent.name, "shape": list(shape), "rounds": rounds, "tried": tried, "choice": choice,
    }  # fmt: skip


Run = Callable[[], tuple[float, float]]


def _candidates(weights: Path, shape: tuple[int, ...]) -> Iterator[tuple[dict[str, Any], Run]]:
    cores = len(os.sched_getaffinity(0))
    image = np.random.default_rng(0).normal(0, 100, shape).astype(np.float32)
    for threads in sorted({1, max(1, cores // 2), cores}):
        for requests in sorted({1, max(1, cores // threads)}):
            settings = {"runtime": "openvino", "threads": threads, "requests": requests}
            yield settings, _openvino(weights, image, threads, requests)
    yield {"runtime": "onnxruntime", "threads": cores, "requests": 1}, _onnx_runtime(weights, image, cores)


def _openvino(weights: Path, image: np.ndarray[Any, Any], threads: int, requests: int) -> Run:
    import openvino

    core = openvino.Core()
    network = core.read_model(weights)
    network.reshape(list(image.shape))
    options: dict[str, Any] = {"NUM_STREAMS": requests, "INFERENCE_NUM_THREADS": threads * requests}
    compiled = core.compile_model(network, "CPU", options)
    running = [compiled.create_infer_request() for _ in range(requests)]
    for request in running:
        request.set_input_tensor(openvino.Tensor(image, shared_memory=False))

    def run() -> tuple[float, float]:
        began = time.perf_counter()
        running[0].infer()
        alone = time.perf_counter() - began
        began = time.perf_counter()
        for _ in range(2):
            for request in running:
                request.start_async()
            for request in running:
                request.wait()
        return alone, 2 * requests / (time.perf_counter() - began)

    return run


def _onnx_runtime(weights: Path, image: np.ndarray[Any, Any], threads: int) -> Run:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(weights), options, providers=["CPUExecutionProvider"])
    given = {session.get_inputs()[0].name: image}

    def run() -> tuple[float, float]:
        began = time.perf_counter()
        session.run(None, given)
        alone = time.perf_counter() - began
        return alone, 1 / alone

    return run
