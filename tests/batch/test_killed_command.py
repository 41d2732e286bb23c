"""The command itself, with a gateway that answers: SIGKILL at random moments, then the ledger against the disk."""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import nibabel as nib
import numpy as np
import pytest
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from tritonclient.grpc import service_pb2

from recon.engine.catalogue import Catalogue
from recon.engine.limits import Limits
from recon.engine.models import ServedModel
from recon.engine.stream import StreamEngine
from recon.serving.guard import Guard
from recon.serving.services import task_handlers
from recon.serving.triton.client import TritonClient
from recon.serving.triton.process import TritonAddress
from recon.tasks.registry import task_of
from tests.batch.archives import published, write_series
from tests.conftest import body

pytestmark = pytest.mark.service

_STATES = ("done", "rejected", "failed", "skipped", "running", "pending")


class _Model:
    """In the place of the connection to Triton: finds hardly any noise, takes its time."""

    address = TritonAddress("in this process", {}, None)

    def infer(self, request: bytes) -> Any:
        return asyncio.ensure_future(self._infer(service_pb2.ModelInferRequest.FromString(request)))

    async def _infer(self, request: Any) -> bytes:
        await asyncio.sleep(0.02)
        _, _, rows, columns = request.inputs[0].shape
        answer = service_pb2.ModelInferResponse()
        answer.outputs.add(name="noise_and_half_width", datatype="INT16", shape=(1, 2, rows, columns))
        answer.raw_output_contents.append(np.ones((1, 2, rows, columns), np.int16).tobytes())
        return answer.SerializeToString()

    async def close(self) -> None:
        pass


async def _serve() -> tuple[grpc.aio.Server, str]:
    triton = TritonClient(TritonAddress("127.0.0.1:1", {}, None))
    triton.server = _Model()  # type: ignore[assignment]
    catalogue = Catalogue(triton)
    parameters = {"task": "ct", "default": "yes", "sha256": "ab" * 32}
    catalogue._models, catalogue.ready = [ServedModel("ct_denoise", "1", "ct_denoise", "", parameters)], True
    server, state = grpc.aio.server(interceptors=[Guard()]), health.aio.HealthServicer()
    await state.set("", health_pb2.HealthCheckResponse.SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(state, server)
    handlers = task_handlers(StreamEngine(triton, catalogue, Limits()), [task_of("ct")])
    server.add_generic_rpc_handlers(tuple(handlers))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    return server, f"127.0.0.1:{port}"


@pytest.fixture
def address() -> Iterator[str]:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    server, found = asyncio.run_coroutine_threadsafe(_serve(), loop).result(30)
    yield found
    asyncio.run_coroutine_threadsafe(server.stop(None), loop).result(30)
    loop.call_soon_threadsafe(loop.stop)


def _volume(path: Path, seed: int, bad: bool = False) -> None:
    path.parent.mkdir(exist_ok=True)
    stack = np.stack([body(128, 20, seed + slot) for slot in range(4)], axis=-1).astype(np.float32)
    if bad:
        stack[40, 40, 2] = np.nan
    nib.save(nib.Nifti1Image(stack, np.diag([0.7, 0.7, 3.0, 1.0])), path)


def _start(*words: object) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(
        [sys.executable, "-m", "recon.cli", "batch", *map(str, words)],
        text=True,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_a_run_that_is_killed_again_and_again_is_finished_by_resume(address: str, tmp_path: Path) -> None:
    archive, out = tmp_path / "archive", tmp_path / "out"
    for index in range(10):
        _volume(archive / f"good{index}.nii", 10 * index)
    _volume(archive / "nan.nii", 500, bad=True)  # the service refuses it
    write_series(archive / "small", 2)  # and this one: 8 pixels a side
    (archive / "cut.nii.gz").write_bytes((archive / "good0.nii").read_bytes()[:300])
    (archive / "good0 copy.nii").write_bytes((archive / "good0.nii").read_bytes())
    (archive / "notes.txt").write_text("no scan")
    rng = random.Random(4)
    words: tuple[object, ...] = ("run", archive, "-o", out, "--server", address, "--settle", 0)
    first: dict[str, int] = {}  # when each result got its name
    for _ in range(6):
        process = _start(*words, "--in-flight", 2)
        while not (out / "ledger.sqlite").exists() and process.poll() is None:
            time.sleep(0.01)
        time.sleep(rng.uniform(0.0, 2.5))
        process.kill()
        process.communicate()
        for name in published(out):
            assert (out / name / "manifest.json").exists()
            first.setdefault(name, (out / name / "report.json").stat().st_mtime_ns)
        if (out / "ledger.sqlite").exists() and _start("status", out).wait() == 0:
            words = ("resume", out)
    last = _start("resume", out, "--json")
    text, errors = last.communicate(timeout=120)
    assert last.returncode == 1, errors
    found = json.loads(text)
    assert {state: found[state] for state in _STATES} == {
        "done": 10,
        "rejected": 0,
        "failed": 3,
        "skipped": 2,
        "running": 0,
        "pending": 0,
    }, found["inputs"]
    assert found["items"] == sum(found[state] for state in _STATES)
    assert len(found["inputs"]) == 10 + 1 + 2 + 3
    assert all(entry["reason"] for entry in found["inputs"].values())
    assert published(out) == [f"good{index}" for index in range(10)]
    # what had been finished was adopted or left alone, not made anew
    assert first == {name: (out / name / "report.json").stat().st_mtime_ns for name in first}
    checked = _start("verify", out, "--json")
    text, errors = checked.communicate(timeout=60)
    assert checked.returncode == 0, errors
    assert json.loads(text) == {"checked": 10, "wrong": {}, "unknown": []}
    assert not (out / ".untrusted").exists()
