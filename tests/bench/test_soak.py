"""Memory that grows is noticed; memory that wanders is not."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import grpc
import numpy as np
import pytest

from recon.bench.processes import Processes
from recon.bench.soak import Soak, growth, report

pytestmark = pytest.mark.service


def test_growth_is_measured_over_the_second_half() -> None:
    seconds = np.arange(120.0)
    warming = np.where(seconds < 50, seconds, 50) + 200  # settles before the half
    slope, low, high = growth(seconds.tolist(), warming.tolist())
    assert slope == 0
    leaking = 200 + 0.1 * seconds + np.random.default_rng(0).normal(0, 0.5, 120)
    slope, low, high = growth(seconds.tolist(), leaking.tolist())
    assert low < 6.0 < high
    assert 5 < slope < 7


def test_the_report_names_what_was_not_injected() -> None:
    soak = Soak("127.0.0.1:1", ["ct"], "", Processes({}))
    soak.tallies["cancels"].outcomes["CANCELLED"] += 3
    soak.tallies["reads all"].unexpected["pixels differ from the first answer"] += 1
    seconds = [float(second) for second in range(720)]
    soak.memory["gateway"] = (seconds, [100.0 + 0.5 * second for second in seconds])
    found = report(soak, 720, 6)
    assert not found["valid"]
    assert found["problems"][0] == "reads all: pixels differ from the first answer, 1 times"
    assert "grows by 30.0 MiB a minute" in found["problems"][1]


class GivenUp:
    """A call that ends with an error as soon as it is read."""

    def __init__(self, details: str) -> None:
        nothing = grpc.aio.Metadata()
        self._error = grpc.aio.AioRpcError(grpc.StatusCode.INTERNAL, nothing, nothing, details)

    def cancel(self) -> None: ...

    async def __aiter__(self) -> AsyncIterator[Any]:
        if self._error is not None:
            raise self._error
        yield


@pytest.mark.parametrize("kind", ["hangs", "cancels", "times out", "disconnects"])
@pytest.mark.parametrize(("details", "fault"), [("Internal error from Core", False), ("a defect", True)])
def test_a_client_that_gives_up_while_it_writes_is_no_fault_of_the_service(
    kind: str, details: str, fault: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recon.bench.soak.stream_call", lambda *_: lambda messages, timeout: GivenUp(details))
    monkeypatch.setattr("recon.bench.soak._HANG_S", 0.2)
    monkeypatch.setattr(Soak, "_messages", lambda *_: [])

    async def one() -> Soak:
        soak = Soak("127.0.0.1:1", ["ct"], "", Processes({}))
        await soak._one(kind, "ct", None, None)  # type: ignore[arg-type]
        return soak

    tally = asyncio.run(one()).tallies[kind]
    assert (tally.outcomes.total(), tally.unexpected.total()) == (1, int(fault))


def test_growth_of_a_start_is_no_leak() -> None:
    soak = Soak("127.0.0.1:1", ["ct"], "", Processes({}))
    seconds = [float(second) for second in range(40)]
    soak.memory["gateway"] = (seconds, [200.0 + second for second in seconds])
    found = report(soak, 40, 6)
    assert not found["growth_judged"]
    assert not found["valid"]
    (problem,) = found["problems"]
    assert problem.startswith("growth was not judged")


def test_the_real_service_bears_clients_of_every_kind(service: str) -> None:
    """A minute of what `recon bench soak` does for half an hour, of all tasks; so short a run is not valid."""
    done = subprocess.run(
        [sys.executable, "-m", "recon.cli", "bench", "soak", "--minutes", "1", "--server", service],
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
    )
    problems = [line for line in done.stdout.splitlines() if line.startswith("PROBLEM")]
    assert [line[:32] for line in problems] == ["PROBLEM: growth was not judged: "], done.stdout + done.stderr
    assert done.returncode == 1
    assert "reads all" in done.stdout
