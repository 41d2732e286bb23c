"""What the models do on a GPU: latency, throughput against batch, share of its peak, equality with the processor.

A time is from tensors in the processor's memory to images there: with both transfers, as Triton hands them over.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from recon import __version__
from recon.backend.configuration import of_version, parameters_in
from recon.backend.device import arrays_on
from recon.backend.mr_unrolled import MEMORY, REPEATS, STRIDE
from recon.backend.python_model import PythonModel
from recon.bench.flops import cost
from recon.bench.progress import Told
from recon.bench.routes.network import default_model, served
from recon.bench.routes.requests import given_of
from recon.bench.runtimes import seconds
from recon.engine.host import loaded
from recon.engine.inference import Tensors
from recon.engine.models import ServedModel
from recon.engine.repository import default_repository
from recon.machine import describe
from recon.physics.namespace import namespace, on_host
from recon.tasks.registry import task_of, tasks

#: The same arithmetic on the processor, by the library that has its arrays on a GPU.
REHEARSAL = "cpu:0"
#: The whole run ends within ten minutes: nothing is begun after this.
MOST_S = 500.0
BATCHES = (1, 2, 4, 8, 16, 32)
#: TensorRT compiles a network for each batch, which takes minutes.
_COMPILED_BATCHES = (1, 8)
#: A PSNR of 40 dB may move by so much between processor and GPU.
MOST_DB = 0.02
_FEWEST = 5
#: Slices of a sample that is taken as a whole, of which one is measured.
_WHOLE = 8


@dataclass(frozen=True)
class Peaks:
    """What a device reaches at its best.

    Attributes
    ----------
    flops
        Floating-point operations a second of a product of matrices, in single precision as the library does it.
    half_flops
        In half precision.
    bytes
        A second, read and written, of a copy.
    """

    flops: float
    half_flops: float
    bytes: float


def card() -> str:
    """Name, memory and driver of the first GPU; empty where the driver's own tool does not tell."""
    command = ["nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.partition("\n")[0].strip()


def measure_gpu(
    device: str,
    runtimes: Sequence[str],
    batches: Sequence[int] = BATCHES,
    models: Sequence[str] = (),
    told: Told = lambda _: None,
    least_s: float = 1.0,
    side: int = 8192,
) -> dict[str, Any]:
    """The record of one run.

    Parameters
    ----------
    device
        ``cuda:0``, or :data:`REHEARSAL`.
    runtimes
        Of networks there.
    batches
        Of slices; a model that takes one slice at a time has one.
    models
        By default those that the tasks take.
    told
        Hears what is being done.
    least_s
        That each measurement lasts.
    side
        Of the matrices by which the peak is measured.
    """
    began = time.monotonic()
    told("the peak of the device")
    peaks = peaks_of(device, side, least_s)
    rows: list[dict[str, Any]] = []
    left_out: list[str] = []
    for model in models or [default_model(name) for name in tasks()]:
        found = served(model)
        slices = 1 if task_of(found.task).slice_by_slice else _WHOLE
        given, parameters = given_of(found.task, 0, slices, found)[0]
        wanted = image_of(loaded(_folder(found), found.version, runtime="onnxruntime"), given, parameters)
        for runtime in runtimes:
            one_by_one = found.parameter("served_by") != "network"
            if one_by_one and runtime != runtimes[0]:  # its networks see another shape in each scan
                continue
            told(f"{model} on {runtime}: loading")
            run = loaded(_folder(found), found.version, device, runtime)
            for batch in (1,) if one_by_one else batches:
                words = f"{model} on {runtime}, batch {batch}"
                if runtime == "tensorrt" and batch not in _COMPILED_BATCHES:
                    continue
                if time.monotonic() - began > MOST_S:
                    left_out.append(words)
                    continue
                told(words)
                rows.append(_row(found, run, given, parameters, batch, wanted, peaks, least_s) | {"runtime": runtime})
    return {
        "format": 1,
        "kind": "gpu",
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "software": __version__,
        "machine": describe(),
        "device": device,
        "card": card() if device != REHEARSAL else "",
        "peaks": {"flops": peaks.flops, "half_flops": peaks.half_flops, "bytes": peaks.bytes},
        "rows": rows,
        "left_out": left_out,
        "seconds": round(time.monotonic() - began, 1),
    }


def peaks_of(device: str, side: int, least_s: float) -> Peaks:
    """Measured on the device, by the library whose arrays are worked on there."""
    rows = arrays_on(device)(np.random.default_rng(0).normal(size=(side, side)).astype(np.float32))
    xp = namespace(rows)
    half = xp.astype(rows, xp.float16)

    def shortest(work: Callable[[], Any]) -> float:
        def waited() -> None:
            on_host(work()[:1, :1])  # a GPU goes on by itself until something of the result is wanted

        return seconds(waited, least_s)[1]

    flops = 2.0 * side**3
    copied = 2.0 * 4 * side * side
    return Peaks(
        flops / shortest(lambda: rows @ rows),
        flops / shortest(lambda: half @ half),
        copied / shortest(lambda: xp.asarray(rows, copy=True)),
    )


def _row(
    model: ServedModel,
    run: PythonModel,
    given: Tensors,
    parameters: Mapping[str, str],
    batch: int,
    wanted: npt.NDArray[Any],
    peaks: Peaks,
    least_s: float,
) -> dict[str, Any]:
    several = {name: np.repeat(array, batch, axis=0) for name, array in given.items()} if batch > 1 else given
    moved = moved_db(image_of(run, several, parameters)[:1], wanted, _peak(given, wanted))
    median, _ = seconds(lambda: _answer(run, several, parameters), least_s, _FEWEST if least_s >= 1 else 1)
    flops, carried = (batch * value for value in work_of(model, given))
    return {
        "task": model.task,
        "model": f"{model.name}:{model.version}",
        "batch": batch,
        "ms": 1e3 * median,
        "slices_per_s": batch / median,
        "gflops": flops / batch / 1e9,
        "share_of_peak_flops": flops / median / peaks.flops,
        "share_of_peak_bytes": carried / median / peaks.bytes,
        "moves_psnr_db": moved,
        "equal": moved <= MOST_DB,
    }


def moved_db(found: npt.NDArray[Any], wanted: npt.NDArray[Any], peak: float) -> float:
    """By how much the PSNR of an image at 40 dB moves at most, dB, when it is exchanged for another.

    Errors add up in the worst case: the other's distance, over the error that 40 dB mean, is what comes on top.
    """
    distance = float(np.sqrt(np.mean((found.astype(np.float64) - wanted) ** 2)))
    return float(20 * np.log10(1 + distance / (1e-2 * peak)))


def _answer(run: PythonModel, given: Tensors, parameters: Mapping[str, str]) -> npt.NDArray[Any]:
    return on_host(next(iter(run.answer(given, parameters).values())))


def image_of(run: PythonModel, given: Tensors, parameters: Mapping[str, str]) -> npt.NDArray[np.float64]:
    """What a model adds to an image or makes of it, (slices, y, x), in the unit of its input."""
    made = _answer(run, given, parameters)
    if made.shape[1] == 5:  # real and imaginary part of an image, interval, what is unexplained
        return np.hypot(made[:, 0], made[:, 1]).astype(np.float64)
    return made[:, 0] * (1 / 16 if made.dtype == np.int16 else 1.0)  # whole steps of 1/16 HU


def _peak(given: Tensors, wanted: npt.NDArray[Any]) -> float:
    """Of the image that a PSNR is of: what k-space shows, else the first channel of the input."""
    first = next(iter(given.values()))
    return float(np.abs(wanted).max()) if "kspace" in given else float(np.ptp(first[:, 0]))


def work_of(model: ServedModel, given: Tensors) -> tuple[float, float]:
    """Floating-point operations and bytes of the networks for one slice; Fourier transforms are not counted."""
    import openvino

    version = _folder(model) / model.version
    files = of_version(parameters_in(version.parent), version.name)["files"].split(",")
    networks = [name for name in files if name.endswith(".onnx")]
    shapes = {name: array.shape for name, array in given.items()}
    if "kspace" in shapes:
        sides = tuple(side + -side % STRIDE for side in shapes["kspace"][2:4])
        shapes = {"planes": (1, 4, *sides), "memory": (1, MEMORY, *sides), "conditions": (1, 2)}
        networks += networks[-1:] * (REPEATS - 1)
    flops = carried = 0.0
    for name in networks:
        names = [part.any_name for part in openvino.Core().read_model(version / name).inputs]
        one = cost(version / name, [shapes[part] for part in names])
        flops, carried = flops + one.flops, carried + one.activation_bytes + one.weight_bytes
    return flops, carried


def _folder(model: ServedModel) -> Path:
    return default_repository() / model.host
