"""The instrument measures something whose answer is known, before it measures anything else."""

from __future__ import annotations

import asyncio
import os
import signal
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from recon.bench import load_generator_check
from recon.bench.answers import Answers
from recon.bench.closed_loop import closed_loop
from recon.bench.fake_server import fake_route, fake_server
from recon.bench.false_alarms import simulate
from recon.bench.observation import Observation
from recon.bench.open_loop import open_loop
from recon.bench.percentiles import percentile
from recon.bench.schedule import poisson
from recon.errors import InternalError

RATE_PER_S, REQUESTS = 200.0, 700
STALL_S, STALL_AFTER_S = 2.0, 1.0
MOST_ALARMS = 0.07


@dataclass(frozen=True)
class SelfCheck:
    """One thing that was tried: what had to come out, what did."""

    name: str
    passed: bool
    expected: str
    found: str


async def stall() -> tuple[dict[str, float], dict[str, float]]:
    """Percentiles in ms of a server that is stopped for two seconds: on schedule, and as a closed loop sees it."""
    with fake_server() as fake:
        async with fake_route(fake.address) as route:
            moments = poisson(RATE_PER_S, REQUESTS, seed=1)

            async def interrupt() -> None:
                await asyncio.sleep(STALL_AFTER_S)
                os.kill(fake.pid, signal.SIGSTOP)
                try:
                    await asyncio.sleep(STALL_S)
                finally:
                    os.kill(fake.pid, signal.SIGCONT)

            running = asyncio.create_task(interrupt())
            on_schedule = await open_loop(route, moments, lambda n: n % 4, 1, 30.0)
            await running
            running = asyncio.create_task(interrupt())
            closed = await closed_loop(route, 4, REQUESTS, lambda n: n % 4, 1, 30.0)
            await running
    return _percentiles(on_schedule), _percentiles(closed)


async def second_opinion() -> tuple[dict[str, float], dict[str, float]]:
    """Percentiles in ms of the same fake server: ours, and LoadGen's."""
    with fake_server() as fake, load_generator_check.scratch() as folder:
        async with fake_route(fake.address) as route:
            ours = await open_loop(route, poisson(RATE_PER_S, REQUESTS, seed=2), lambda n: n % 4, 1, 30.0)
        other = load_generator_check.start(fake.address, RATE_PER_S, REQUESTS, Path(folder))
        try:
            status = await asyncio.to_thread(other.wait, 60)
        finally:
            other.kill()
        if status != 0:
            raise InternalError(f"LoadGen ended with status {status}")
        return _percentiles(ours), load_generator_check.percentiles_ms(Path(folder))


async def agreement() -> SelfCheck:
    """Whether LoadGen finds the same percentiles."""
    name = "the same server under MLCommons LoadGen"
    if not load_generator_check.installed():
        return SelfCheck(name, False, "pip install mlcommons-loadgen", "not installed")
    ours, theirs = await second_opinion()
    far = [part for part in ours if abs(ours[part] - theirs[part]) > 3 + 0.1 * theirs[part]]
    words = ", ".join(f"{part} {ours[part]:.1f} and {theirs[part]:.1f}" for part in ours)
    return SelfCheck(name, not far, "within 3 ms + 10 %", f"{words} ms")


async def caught(fault: str) -> bool:
    """Whether a server with a fault is found out."""
    answers = Answers()
    with fake_server(fault) as fake:
        async with fake_route(fake.address) as route:
            found = await closed_loop(route, 2, 24, lambda n: n % 4, 2, 10.0)
    judged = [answers.judge("fake", 2, observation) for observation in found]
    return any(observation.problem for observation in judged)


async def self_test() -> list[SelfCheck]:
    """All checks; takes about a quarter of a minute."""
    checks = []
    on_schedule, closed = await stall()
    checks.append(
        SelfCheck(
            "a server that stops for 2 s",
            on_schedule["p99"] > 1e3 * 0.8 * STALL_S,
            f"p99 above {800 * STALL_S:.0f} ms",
            f"p99 {on_schedule['p99']:.0f} ms (a closed loop sees {closed['p99']:.0f} ms)",
        )
    )
    check = await agreement()
    # the two run one after the other, and a burst of other work may hit one of them
    checks.append(check if check.passed else await agreement())
    for fault, words in (("errors", "fails fast"), ("drops", "drops slices"), ("wrong", "returns wrong pixels")):
        found = await caught(fault)
        checks.append(SelfCheck(f"a server that {words}", found, "found out", "found out" if found else "missed"))
    alarms = await asyncio.to_thread(simulate)
    checks.append(
        SelfCheck(
            f"equal services compared, {alarms.trials} simulated pairs of runs",
            alarms.blocks <= MOST_ALARMS,
            f"at most {MOST_ALARMS:.0%} false alarms",
            f"{alarms.blocks:.1%} by blocks ({alarms.requests:.0%} by single requests)",
        )
    )
    return checks


def as_json(checks: list[SelfCheck]) -> list[dict[str, Any]]:
    """For the report."""
    return [asdict(check) for check in checks]


def _percentiles(observations: list[Observation]) -> dict[str, float]:
    latencies = [1e3 * observation.latency_s for observation in observations]
    found = {f"p{100 * q:.0f}": percentile(latencies, q).value for q in (0.5, 0.9, 0.99)}
    return {name: value for name, value in found.items() if value is not None}
