"""The fake server under MLCommons' LoadGen, as a second opinion on our percentiles.

Run as ``python -m recon.bench.load_generator_check ADDRESS RATE REQUESTS FOLDER``: LoadGen keeps threads of
its own, so it gets a process of its own.
"""

from __future__ import annotations

import re
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import grpc

from recon.bench.fake_server import METHOD_ONCE

_LINE = re.compile(r"^(\d+\.\d+) percentile latency \(ns\)\s*: (\d+)", re.MULTILINE)


def start(address: str, rate_per_s: float, requests: int, folder: Path) -> subprocess.Popen[bytes]:
    """LoadGen's server scenario against a fake server, in the background."""
    command = [sys.executable, "-m", "recon.bench.load_generator_check", address, str(rate_per_s), str(requests)]
    return subprocess.Popen([*command, str(folder)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def percentiles_ms(folder: Path) -> dict[str, float]:
    """What LoadGen wrote: latency from the scheduled moment, ms."""
    text = (folder / "mlperf_log_summary.txt").read_text()
    found = {float(name): float(value) * 1e-6 for name, value in _LINE.findall(text)}
    return {f"p{quantile:.0f}": found[quantile] for quantile in (50.0, 90.0, 99.0)}


def _run(address: str, rate_per_s: float, requests: int, folder: str) -> None:
    import mlperf_loadgen as loadgen

    channel = grpc.insecure_channel(address)
    grpc.channel_ready_future(channel).result(10)
    call = channel.unary_unary(METHOD_ONCE)

    def issue(samples: list[loadgen.QuerySample]) -> None:
        for sample in samples:
            future = call.future(struct.pack("<II", sample.index, 1))
            # a callback, so that no thread waits for the answer
            future.add_done_callback(
                lambda _, number=sample.id: loadgen.QuerySamplesComplete([loadgen.QuerySampleResponse(number, 0, 0)])
            )

    settings = loadgen.TestSettings()
    settings.scenario = loadgen.TestScenario.Server
    settings.mode = loadgen.TestMode.PerformanceOnly
    settings.server_target_qps = rate_per_s
    settings.min_query_count = settings.max_query_count = requests
    settings.min_duration_ms = 0
    settings.server_target_latency_ns = 10**11
    output = loadgen.LogOutputSettings()
    output.outdir = folder
    log = loadgen.LogSettings()
    log.log_output = output
    log.enable_trace = False
    under_test = loadgen.ConstructSUT(issue, lambda: None)
    library = loadgen.ConstructQSL(16, 16, lambda _: None, lambda _: None)
    loadgen.StartTestWithLogSettings(under_test, library, settings, log)


def installed() -> bool:
    """Whether LoadGen can be imported."""
    from importlib.util import find_spec

    return find_spec("mlperf_loadgen") is not None


def scratch() -> tempfile.TemporaryDirectory[str]:
    """A folder for LoadGen's logs."""
    return tempfile.TemporaryDirectory(prefix="recon-loadgen-")


if __name__ == "__main__":
    _run(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
