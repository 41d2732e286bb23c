"""What the service adds to the bare network run, measured side by side in one run."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from recon.bench.machine import describe, resident_mib
from recon.client import Client
from recon.serving.server import default_repository
from recon.serving.triton.client import Request, Tensors, TritonClient
from recon.serving.triton.process import EmbeddedTriton
from recon.tasks.base import TensorSpec
from recon.volumes import FloatImage, Geometry, Volume

SIZE = 512
_GEOMETRY = Geometry.from_spacing(0.7, 0.7, 3.0)


class BareNetwork:
    """The served ONNX file in this process, on the runtime that the service uses."""

    def __init__(self, weights: Path) -> None:
        import openvino

        core = openvino.Core()
        network = core.read_model(weights)
        network.reshape([1, 1, SIZE, SIZE])
        compiled = core.compile_model(network, "CPU", {"PERFORMANCE_HINT": "LATENCY"})
        self.precision = str(compiled.get_property("INFERENCE_PRECISION_HINT"))
        self._request = compiled.create_infer_request()
        self._tensor = openvino.Tensor

    def __call__(self, image: FloatImage) -> FloatImage:
        """Output (1, 3, y, x) for an image (y, x)."""
        self._request.set_input_tensor(self._tensor(image[None, None], shared_memory=True))
        self._request.infer()
        output: FloatImage = self._request.get_output_tensor().data
        return output


class TritonRig:
    """An embedded Triton with both transports, driven from synchronous code."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.run(self._start())

    def run(self, coroutine: Any) -> Any:
        """Result of a coroutine on the rig's loop."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    async def _start(self) -> None:
        self._triton = EmbeddedTriton(default_repository())
        await self._triton.start()
        self._shared = TritonClient(self._triton.address, shared_memory=True)
        self._body = TritonClient(self._triton.address, shared_memory=False)
        while not await self._shared.is_ready():  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        self._model = next(m for m in await self._shared.models() if m.task == "ct")

    def infer(self, image: FloatImage, shared: bool) -> None:
        """One inference by shared memory or by request body."""
        self.run(self._infer(self._shared if shared else self._body, image))

    async def _infer(self, client: TritonClient, image: FloatImage) -> None:
        rows, columns = image.shape
        inputs, outputs = (
            {"hu": TensorSpec((1, 1, rows, columns))},
            {"noise_and_interval": TensorSpec((1, 3, rows, columns))},
        )

        def fill(tensors: Tensors) -> None:
            tensors["hu"][0, 0] = image

        async with client.infer(Request(self._model, inputs, outputs, {}), fill) as made:
            float(made["noise_and_interval"][0, 0, 0, 0])

    def close(self) -> None:
        """Stop everything."""
        self.run(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    async def _stop(self) -> None:
        await self._shared.close()
        await self._body.close()
        await self._triton.stop()


def noisy_slice(seed: int = 0) -> FloatImage:
    """A noisy ellipse of tissue (512, 512) in HU; the time does not depend on what is shown."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[-1 : 1 : SIZE * 1j, -1 : 1 : SIZE * 1j]
    body = np.where((x / 0.8) ** 2 + (y / 0.6) ** 2 < 1, 40.0, -1000.0)
    return (body + rng.normal(0, 20, body.shape)).astype(np.float32)


def latency(client: Client, rounds: int, peers: bool) -> dict[str, Any]:
    """Time of one slice by every route, interleaved, milliseconds; ratios to the bare network."""
    image = noisy_slice()
    volume = Volume(image[None], _GEOMETRY)
    bare = BareNetwork(default_repository() / "ct_denoise" / "1" / "model.onnx")
    rig = TritonRig()
    routes: dict[str, Callable[[], object]] = {
        "bare network": lambda: bare(image),
        "Triton, request body": lambda: rig.infer(image, shared=False),
        "Triton, shared memory": lambda: rig.infer(image, shared=True),
        "gateway (gRPC client to result)": lambda: list(client.denoise_ct(volume)),
    }
    times: dict[str, list[float]] = {name: [] for name in routes}
    try:
        for index in range(rounds + 3):
            for name, call in routes.items():
                began = time.perf_counter()
                call()
                if index >= 3:
                    times[name].append(1e3 * (time.perf_counter() - began))
    finally:
        rig.close()
    base = float(np.median(times["bare network"]))
    table = {}
    for name, found in times.items():
        p50, p90, p99 = (float(np.percentile(found, q)) for q in (50, 90, 99))
        extra = float(np.median(np.array(found) - np.array(times["bare network"])))
        table[name] = {
            "p50_ms": round(p50, 2), "p90_ms": round(p90, 2), "p99_ms": round(p99, 2),
            "ratio_to_bare": round(p50 / base, 3), "added_ms": round(extra, 2),
        }  # fmt: skip
    if peers:
        table |= _peers(image, base)
    return {"rounds": rounds, "precision": bare.precision, "routes": table}


def _peers(image: FloatImage, base_ms: float) -> dict[str, dict[str, float]]:
    from recon.training.ct_classical import METHODS

    found = {}
    for name, (method, parameters) in METHODS.items():
        began = time.perf_counter()
        method(image.astype(np.float64), float(parameters[1]))
        spent = 1e3 * (time.perf_counter() - began)
        found[f"peer: {name}"] = {"p50_ms": round(spent, 1), "ratio_to_bare": round(spent / base_ms, 1)}
    return found


def throughput(client: Client, slices: int, rounds: int = 3) -> dict[str, Any]:
    """Slices a second of one streamed series, against the bare network on the same slices."""
    image = noisy_slice()
    volume = Volume(np.broadcast_to(image, (slices, *image.shape)), _GEOMETRY)
    bare = BareNetwork(default_repository() / "ct_denoise" / "1" / "model.onnx")
    bare(image)
    ratios, speeds = [], []
    for _ in range(rounds):
        began = time.perf_counter()
        for _ in range(slices):
            bare(image)
        alone = time.perf_counter() - began
        began = time.perf_counter()
        for _ in client.denoise_ct(volume):
            pass
        streamed = time.perf_counter() - began
        ratios.append(alone / streamed)
        speeds.append(slices / streamed)
    return {
        "slices": slices,
        "slices_per_s": round(float(np.median(speeds)), 2),
        "share_of_bare_network": round(float(np.median(ratios)), 3),
        "each_round": [round(ratio, 3) for ratio in ratios],
    }


def gateway_memory(client: Client, pid: int, slices: int) -> dict[str, Any]:
    """Growth of the gateway's own memory while a long series runs through it, MiB."""
    image = noisy_slice()
    for _ in client.denoise_ct(Volume(image[None], _GEOMETRY)):
        pass
    idle = resident_mib(pid)
    peak = idle
    volume = Volume(np.broadcast_to(image, (slices, *image.shape)), _GEOMETRY)
    for result in client.denoise_ct(volume):
        if result.index % 10 == 0:
            peak = max(peak, resident_mib(pid))
    return {"slices": slices, "idle_mib": round(idle, 1), "growth_mib": round(peak - idle, 1)}


def report(parts: Iterator[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    """All parts under the description of the machine."""
    return {"machine": describe(), "load_average": os.getloadavg()[0], **dict(parts)}
