"""What the way costs: a model that does nothing, called through the whole service.

Networks take from 35 to 425 ms a slice, depending on the machine; what gateway, Triton, client and
copies add hardly depends on it. So it is measured with a model of the CT network's shapes that returns
noise and widths as that network does, but the same ones each time, against calling that model directly.
Known lesions are not added: they are a second call of the network, not part of the way.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from recon.backend.configuration import Entry, ModelConfig, write_config
from recon.client import Client
from recon.machine import describe
from recon.volumes import FloatImage, Geometry, Volume

SIDE = 512
_WARM = 5
_MODEL = """
import numpy as np
import triton_python_backend_utils as pb_utils


ANSWERS = {}


def run(hu):
    shape = hu.shape[2:]
    if shape not in ANSWERS:  # in sixteenths of a HU: 12 HU of noise, widths of 15
        rng = np.random.default_rng(0)
        noise, width = rng.normal(0, 16 * 12, shape), rng.normal(16 * 15, 16 * 2, shape)
        ANSWERS[shape] = np.rint(np.stack([noise, np.maximum(width, 0)])).astype(np.int16)[None]
    return ANSWERS[shape]


class TritonPythonModel:
    def execute(self, requests):
        answers = []
        for request in requests:
            made = run(pb_utils.get_input_tensor_by_name(request, "hu").as_numpy())
            answers.append(pb_utils.InferenceResponse([pb_utils.Tensor("noise_and_half_width", made)]))
        return answers
"""
_INPUT = Entry("hu", (1, 1, -1, -1))
_OUTPUT = Entry("noise_and_half_width", (1, 2, -1, -1), "INT16")


def echo_repository(folder: Path) -> Path:
    """Write a model repository that holds the model that does nothing."""
    model = folder / "ct_echo"
    (model / "1").mkdir(parents=True)
    (model / "1" / "model.py").write_text(_MODEL)
    config = ModelConfig("ct", "Does nothing", "", [_INPUT], [_OUTPUT], is_default=True)
    write_config(model, "1", config, ["model.py"], 1.0, "")
    return folder


def measure(serve: Callable[..., Any], rounds: int = 60, slices: int = 200) -> dict[str, Any]:
    """Latency and processor time that the service adds to one slice of 512x512.

    Parameters
    ----------
    serve
        Context manager that starts a service with the given options and yields its address.
    rounds
        Series of one slice.
    slices
        Length of the series that is streamed.

    Returns
    -------
    dict
        ``added_ms`` (p50 of one slice alone over calling the model directly), ``gateway_cpu_ms`` and
        ``client_cpu_ms`` a slice while streaming, where the time of a slice went (``breakdown_ms``), and what they
        were made from.
    """
    image = _slice()
    one = Volume(image[None], _geometry(), whole_numbers=True)
    many = Volume(np.broadcast_to(image, (slices, SIDE, SIDE)), _geometry(), whole_numbers=True)
    namespace: dict[str, Any] = {}
    exec(_MODEL.split("import triton")[0] + "\n\n" + _MODEL.split("pb_utils\n\n")[1].split("class")[0], namespace)  # noqa: S102
    folder = Path(tempfile.mkdtemp(prefix="recon-echo-"))
    try:
        repository = echo_repository(folder)
        with serve("--repository", str(repository)) as address, Client(address) as client:
            client.wait_ready(60)
            gateway, own = _gateway(address), psutil.Process()
            direct = [_milliseconds(lambda: namespace["run"](image[None, None])) for _ in range(rounds)]
            ask = partial(client.denoise_ct, probes="off")
            through = [_milliseconds(lambda: list(ask(one))) for _ in range(rounds + _WARM)][_WARM:]
            list(ask(many))
            before = _seconds(gateway), _seconds(own), time.perf_counter()
            run = ask(many)
            list(run)
            after = _seconds(gateway), _seconds(own), time.perf_counter()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    spent = [1e3 * (b - a) / slices for a, b in zip(before, after, strict=True)]
    assert run.report is not None
    p50, base = float(np.median(through)), float(np.median(direct))
    return {
        "machine": describe(),
        "added_ms": round(p50 - base, 2),
        "added_p90_ms": round(float(np.percentile(through, 90)) - base, 2),
        "direct_ms": round(base, 2),
        "gateway_cpu_ms": round(spent[0], 2),
        "client_cpu_ms": round(spent[1], 2),
        "streamed_ms": round(spent[2], 2),
        "breakdown_ms": {name: round(value / slices, 2) for name, value in run.report.timings_ms.items()},
        "rounds": rounds,
        "slices": slices,
    }


def _slice() -> FloatImage:
    """Whole HU, as scanners store them."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[-1 : 1 : SIDE * 1j, -1 : 1 : SIDE * 1j]
    body = np.where((x / 0.8) ** 2 + (y / 0.6) ** 2 < 1, 40.0, -1000.0)
    image: FloatImage = np.rint(body + rng.normal(0, 20, body.shape)).astype(np.float32)
    return image


def _geometry() -> Geometry:
    return Geometry.from_spacing(0.7, 0.7, 3.0)


def _milliseconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return 1e3 * (time.perf_counter() - began)


def _seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _gateway(address: str) -> psutil.Process:
    """The process that listens there."""
    port = int(address.rpartition(":")[2])
    for child in psutil.Process().children(recursive=True):
        if any(c.status == "LISTEN" and c.laddr.port == port for c in child.net_connections("tcp")):
            return child
    raise ProcessLookupError(f"nothing of ours listens at {address}")
