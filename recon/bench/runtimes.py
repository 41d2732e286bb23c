"""The runtimes that could serve a network, on threads that stay on their cores."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from recon.volumes import FloatImage

Infer = Callable[[], object]
_LINES = re.compile(r"^\[ INFO \]\s+(Median|Average|Min):\s+([\d.]+) ms", re.MULTILINE)


def seconds(infer: Infer, least_s: float = 1.0, fewest: int = 5) -> tuple[float, float]:
    """Median and shortest time of an inference, s; one is thrown away first."""
    infer()
    times: list[float] = []
    while len(times) < fewest or sum(times) < least_s:
        began = time.perf_counter()
        infer()
        times.append(time.perf_counter() - began)
    return float(np.median(times)), min(times)


def openvino(weights: Path, shape: tuple[int, ...], threads: int, precision: str = "") -> tuple[Infer, str]:
    """OpenVINO as the service runs it, and the precision that it chose.

    Parameters
    ----------
    weights
        ONNX file.
    shape
        Of its only input.
    threads
        Of the inference.
    precision
        ``f32``, ``bf16``, or empty for its choice.
    """
    import openvino as ov

    core = ov.Core()
    network = core.read_model(weights)
    network.reshape(list(shape))
    options: dict[str, Any] = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": threads,
        "ENABLE_CPU_PINNING": True,
    }
    if precision:
        options["INFERENCE_PRECISION_HINT"] = precision
    compiled = core.compile_model(network, "CPU", options)
    request = compiled.create_infer_request()
    request.set_input_tensor(ov.Tensor(_input(shape), shared_memory=False))
    return request.infer, str(compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name())


def onnx_runtime(weights: Path, shape: tuple[int, ...], threads: int) -> Infer:
    """ONNX Runtime on the CPU, float32."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(weights), options, providers=["CPUExecutionProvider"])
    given = {session.get_inputs()[0].name: _input(shape)}
    return lambda: session.run(None, given)


def torch_eager(weights: Path, shape: tuple[int, ...], threads: int) -> Infer | None:
    """The network in torch as its authors would run it, float32; None where that is not known or installed."""
    if any(importlib.util.find_spec(name) is None for name in ("torch", "onnxscript")):
        return None
    from recon.bench.torch_eager import TorchEager, ct_network

    network = ct_network(weights)
    if network is None:
        return None
    run, given = TorchEager(network, threads), _input(shape)
    return lambda: run(given)


def benchmark_app(weights: Path, shape: tuple[int, ...], threads: int, time_s: int = 3) -> float | None:
    """Median latency in ms by OpenVINO's own benchmark, synchronous; None where it does not run."""
    program = Path(sys.executable).parent / "benchmark_app"
    if not program.exists():
        return None
    command = [
        str(program),
        "-m",
        str(weights),
        "-d",
        "CPU",
        "-api",
        "sync",
        "-hint",
        "none",
        "-nstreams",
        "1",
        "-t",
        str(time_s),
        "-nthreads",
        str(threads),
        "-shape",
        f"[{','.join(map(str, shape))}]",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    found = dict(_LINES.findall(done.stdout))
    return float(found["Median"]) if "Median" in found else None


def peak_flops(threads: int, precision: str, side: int = 2048, least_s: float = 1.0) -> float:
    """What the machine does at its best at a precision, floating-point operations a second.

    The faster of a product of two matrices of ``side`` squared and a 3x3 convolution of 128 channels of 64
    squared pixels, at their shortest times: the two operations that kernels are tuned for.
    """
    import openvino as ov
    from openvino import opset13 as ops

    rng = np.random.default_rng(0)

    def constant(*shape: int) -> Any:
        return ops.constant(rng.normal(size=shape).astype(np.float32))

    rows, image = ops.parameter([side, side], np.float32), ops.parameter([1, 128, 64, 64], np.float32)
    product = ops.matmul(rows, constant(side, side), False, True)
    convolution = ops.convolution(image, constant(128, 128, 3, 3), [1, 1], [1, 1], [1, 1], [1, 1])
    options: dict[str, Any] = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": threads,
        "ENABLE_CPU_PINNING": True,
        "INFERENCE_PRECISION_HINT": precision,
    }
    best = 0.0
    for given, result, flops in ((rows, product, 2 * side**3), (image, convolution, 2 * 128 * 128 * 9 * 64 * 64)):
        compiled = ov.Core().compile_model(ov.Model([result], [given]), "CPU", options)
        request = compiled.create_infer_request()
        request.set_input_tensor(ov.Tensor(_input(tuple(given.shape)), shared_memory=False))
        _, shortest = seconds(request.infer, least_s, fewest=10)
        best = max(best, flops / shortest)
    return best


def cores() -> int:
    """That this process may use."""
    return len(os.sched_getaffinity(0))


def _input(shape: tuple[int, ...]) -> FloatImage:
    return np.random.default_rng(0).normal(0, 100, shape).astype(np.float32)
