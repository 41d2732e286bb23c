"""The same network behind what users would put in front of it: a Triton and its own client, or pytriton.

What comes back is the network's output and nothing else: no interval, checks or verdict, no bound on what is
taken in, nobody who tries again.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from recon.bench.peers.apart import Spent
from recon.bench.peers.method import CALLER, REPEATS, beside, cpu_s
from recon.bench.peers.pytriton_server import READY
from recon.bench.processes import Processes
from recon.bench.routes.network import served
from recon.engine.inference import Tensors
from recon.engine.repository import default_repository
from recon.errors import InternalError, with_extra
from recon.serving.triton.process import EmbeddedTriton

#: What to say where it is not there.
NO_PYTRITON = with_extra("nvidia-pytriton is not installed", "serve")
_START_S = 60.0


@dataclass(frozen=True)
class Answered:
    """A network's output for one slice, and what that took with all who took part."""

    output: npt.NDArray[Any]
    spent: Spent


def bare_triton(model: str, inputs: Tensors, output: str) -> Answered:
    """Triton with its own Python client (``tritonclient``), tensors in the request's body."""
    return asyncio.run(_bare_triton(model, inputs, output))


async def _bare_triton(model: str, inputs: Tensors, output: str) -> Answered:
    from tritonclient.grpc import InferInput, aio

    triton = EmbeddedTriton(default_repository(), models=[served(model).host])
    await triton.start()
    try:
        address = triton.address
        client = aio.InferenceServerClient(address.url)
        tensors = []
        for name, array in inputs.items():
            tensors.append(InferInput(name, list(array.shape), "FP32"))
            tensors[-1].set_data_from_numpy(array)
        began = time.monotonic()
        while not await _ready(client, model, address.headers):
            if time.monotonic() - began > _START_S:
                raise InternalError(f"Triton did not load {model} within {_START_S:.0f} s")
            await asyncio.sleep(0.1)
        processes = beside(triton.pid, "Triton")
        times, made, before = [], None, 0.0
        for turn in range(REPEATS + 1):
            if turn == 1:  # the first one warms up
                before = cpu_s(processes)
            began = time.perf_counter()
            answer = await client.infer(model, tensors, headers=address.headers)
            made = answer.as_numpy(output)
            times.append(time.perf_counter() - began)
        spent = _spent(times[1:], cpu_s(processes) - before, processes)
        await client.close()
        return Answered(np.asarray(made), spent)
    finally:
        await triton.stop()


async def _ready(client: Any, model: str, headers: Mapping[str, str]) -> bool:
    from tritonclient.utils import InferenceServerException

    try:
        return bool(await client.is_model_ready(model, headers=headers))
    except InferenceServerException:
        return False


def pytriton(weights: Path, inputs: Tensors, output: str) -> Answered | str:
    """pytriton with a function that calls the network, its server in a process of its own; why not, where it fails."""
    if find_spec("pytriton") is None:
        return NO_PYTRITON
    command = [sys.executable, "-m", "recon.bench.peers.pytriton_server", str(weights), output, *inputs]
    # its models run in a process that must load this Python's library, not the system's
    libraries = ":".join(filter(None, (sysconfig.get_config_var("LIBDIR"), os.environ.get("LD_LIBRARY_PATH"))))
    with tempfile.TemporaryFile("w+") as log:
        server = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env={**os.environ, "LD_LIBRARY_PATH": libraries},
        )
        try:
            return _ask(server, inputs, output, log)
        finally:
            server.communicate()  # it ends with its input


def _ask(server: subprocess.Popen[str], inputs: Tensors, output: str, log: IO[str]) -> Answered | str:
    from pytriton.client import ModelClient

    assert server.stdout is not None
    # Triton's log goes there, too
    port = next((line.removeprefix(READY).strip() for line in server.stdout if line.startswith(READY)), None)
    if port is None:
        log.seek(0)
        said = [words.strip() for words in log if "Error" in words] or ["it does not say why"]
        return f"pytriton did not start: {said[-1]}"
    processes = beside(server.pid, "pytriton")
    times, made, before = [], None, 0.0
    with ModelClient(f"grpc://127.0.0.1:{port}", "network", init_timeout_s=_START_S) as client:
        for turn in range(REPEATS + 1):
            if turn == 1:
                before = cpu_s(processes)
            began = time.perf_counter()
            made = client.infer_sample(**inputs)[output]
            times.append(time.perf_counter() - began)
    return Answered(np.asarray(made), _spent(times[1:], cpu_s(processes) - before, processes))


def _spent(times: list[float], cpu: float, processes: Processes) -> Spent:
    held = sum(usage.resident_mib for role, usage in processes.usage().items() if role != CALLER)
    return Spent(float(np.median(times)), cpu / len(times), held)
