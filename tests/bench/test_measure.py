"""A whole run against gateways that lie, and against the real one."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from recon.bench import plots, record, table
from recon.bench import routes as ways
from recon.bench.blocks import Plan
from recon.bench.measure import measure
from recon.bench.observation import Reply
from recon.bench.request import MeasurementRequest
from recon.bench.self_test import SelfCheck

pytestmark = pytest.mark.service


class Lying:
    """Answers fast, in one of several wrong ways, from some request on."""

    def __init__(self, fault: str, after: int) -> None:
        self.fault, self.after, self.count = fault, after, 0
        self.seen: set[int] = set()

    async def __call__(self, item: int, slices: int) -> Reply:
        self.count += 1
        if self.fault == "remembers":
            await asyncio.sleep(0.0 if item in self.seen else 0.02)
            self.seen.add(item)
        lies = self.count > self.after and self.fault != "none"
        await asyncio.sleep(0.0005 if lies and self.fault != "remembers" else 0.002)
        if lies and self.fault == "errors":
            raise RuntimeError("no such model")
        now = time.monotonic()
        missing = lies and self.fault == "drops"
        content = b"always" if self.fault == "constant" else bytes([item % 256, lies and self.fault == "wrong"])
        return Reply(slices - missing, [content], now, now)


def run(
    fault: str, monkeypatch: pytest.MonkeyPatch, after: int = 20, checks: tuple[SelfCheck, ...] = ()
) -> dict[str, Any]:
    @asynccontextmanager
    async def fake(*_: object) -> AsyncIterator[ways.Routes]:
        yield ways.Routes({ways.GATEWAY: Lying(fault, after)})

    monkeypatch.setattr(ways, "open_routes", fake)
    # a machine that runs other tests too is late now and then; test_open_loop.py looks at that
    monkeypatch.setattr("recon.bench.open_loop._TOLERANCE_S", 5.0)
    request = MeasurementRequest(
        "ct", "ct_denoise", concurrency=(2,), rates=(200.0,), series=3, plan=Plan(blocks=6, requests=8, timeout_s=5)
    )
    return asyncio.run(measure("127.0.0.1:1", request, list(checks)))


def test_an_honest_server_is_believed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = run("none", monkeypatch)
    assert found["valid"], found["problems"]
    record.write(found, tmp_path / "serve.json")
    again = record.read(tmp_path / "serve.json")
    closed, opened, series = sorted(again["cells"], key=lambda cell: cell["kind"])
    assert closed["requests"] == opened["requests"] == 48
    assert series["slices"] == 3
    assert (again["settings"]["rates"], opened["asked"]) == (["200"], "200")
    first = opened["lead_in"]["requests"]
    assert first >= 3
    assert all(len(block["lead_in"]["done_ms"]) == first for block in opened["blocks"])
    assert not any("lead_in" in part for part in (closed, series, *closed["blocks"]))
    assert f"48 right, after {first} a block" in [row[-1] for row in table.serve_rows(again)]
    assert closed["latency_ms"]["p50"]["value"] > 1.9
    assert closed["latency_ms"]["p90"]["value"] is None  # 48 samples are too few
    assert closed["latency_ms"]["p90"]["bound"] is not None
    assert closed["latency_ms"]["p99"]["bound"] is None
    assert len(closed["blocks"]) == 6
    assert len(table.serve_rows(again)) == 3
    plots.latency_against_load(again, tmp_path / "serve.png")
    assert (tmp_path / "serve.png").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("errors", "status RuntimeError"),
        ("drops", "slices"),
        ("wrong", "pixels differ"),
        ("remembers", "it remembers"),
        ("constant", "the same answer to different inputs"),
    ],
)
def test_a_server_that_lies_is_found_out(fault: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = run(fault, monkeypatch)
    assert not found["valid"]
    reasons = [*found["problems"], *(reason for cell in found["cells"] for reason in cell["reasons"])]
    assert any(words in reason for reason in reasons), reasons
    if fault not in ("constant", "remembers"):  # and its speed is not reported
        bad = [cell for cell in found["cells"] if not cell["valid"]]
        assert bad
        assert all(not cell["latency_ms"] and cell["slices_per_s"] is None for cell in bad)
        assert any("INVALID" in row for row in table.serve_rows(found))


def test_a_failed_self_test_makes_the_run_invalid(monkeypatch: pytest.MonkeyPatch) -> None:
    found = run("none", monkeypatch, checks=(SelfCheck("stall", False, "p99 above 1600 ms", "p99 12 ms"),))
    assert not found["valid"]
    assert found["problems"] == ["self-test: stall: p99 12 ms"]


def test_a_pair_of_scans_is_one_request(monkeypatch: pytest.MonkeyPatch) -> None:
    for fault in ("none", "drops"):

        @asynccontextmanager
        async def fake(*_: object, fault: str = fault) -> AsyncIterator[ways.Routes]:
            yield ways.Routes({ways.GATEWAY: Lying(fault, 30)})

        monkeypatch.setattr(ways, "open_routes", fake)
        request = MeasurementRequest(
            "contrast",
            "contrast_enhance",
            (ways.GATEWAY,),
            concurrency=(1,),
            rates=(),
            series=6,
            plan=Plan(blocks=6, requests=8),
        )
        found = asyncio.run(measure("127.0.0.1:1", request, []))
        (cell,) = found["cells"]  # a streamed series would be the same again
        assert (cell["load"], cell["slices"]) == ("1 caller, 6 slices each", 6)
        assert "all of it must be in before the first image" in found["settings"]["slice"]
        assert found["valid"] == (fault == "none")
        if fault == "drops":
            assert any("5 of 6 slices" in reason for reason in cell["reasons"])
        else:
            whole, each = (float(table.serve_rows(found)[0][column]) for column in (2, 5))
            assert each == pytest.approx(whole / 6, abs=0.06)


def bench_serve(
    server: str, output: Path, *, rate: str, series: int, routes: tuple[str, ...], task: str = "ct"
) -> subprocess.CompletedProcess[str]:
    """The command, as short as it can be."""
    load = f"--blocks 1 --requests 2 --concurrency 1 --rate {rate} --series {series} --no-self-test".split()
    chosen = [word for route in routes for word in ("--route", route)]
    where = ["--task", task, "--server", server, "-o", str(output)]
    command = [sys.executable, "-m", "recon.cli", "bench", "serve", *where, *load, *chosen]
    return subprocess.run(command, capture_output=True, text=True, timeout=280)


def test_the_real_service_and_pairs_of_scans(service: str, tmp_path: Path) -> None:
    done = bench_serve(
        service,
        tmp_path,
        rate="50%",
        series=5,
        routes=(
            "bare runtime",
            "task in one process",
            "gateway",
        ),
        task="contrast",
    )
    found = json.loads((tmp_path / "serve.json").read_text())
    assert not found["problems"], done.stdout
    (difference,) = (value for name, value in found["notes"].items() if "largest difference" in name)
    assert difference <= 0.01
    assert {cell["route"] for cell in found["cells"]} == {"bare runtime", "task in one process", "gateway"}
    assert all(block["slices"] == [5, 5] for cell in found["cells"] for block in cell["blocks"])
    assert not any(any(block["problem"]) for cell in found["cells"] for block in cell["blocks"])
    assert "A slice is one of the 5 images of a pair of scans." in done.stdout
    assert "A slice is one of the 5 images of a pair of scans." in (tmp_path / "serve.md").read_text()


def test_the_real_service(service: str, tmp_path: Path) -> None:
    done = bench_serve(
        service,
        tmp_path,
        rate="2",
        series=0,
        routes=(
            "bare runtime",
            "gateway",
        ),
    )
    found = json.loads((tmp_path / "serve.json").read_text())
    assert not found["problems"], done.stdout
    assert found["notes"]["gateway: largest difference to the task in one process, HU"] <= 1.0
    assert {cell["route"] for cell in found["cells"]} == {"bare runtime", "gateway"}
    assert all(not block["problem"] or not any(block["problem"]) for cell in found["cells"] for block in cell["blocks"])
    assert {"generator and bare runtime", "gateway", "gateway: Triton", "gateway: models"} <= set(found["processes"])


def test_a_gateway_that_is_not_there(tmp_path: Path) -> None:
    done = bench_serve("127.0.0.1:9", tmp_path, rate="50", series=0, routes=("gateway",))
    assert done.returncode == 1
    assert "INVALID" in done.stdout
    assert "UNAVAILABLE" in done.stdout
