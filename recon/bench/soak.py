"""A long mixed load with clients that misbehave: what goes wrong that nobody injected, and what leaks."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import grpc
import numpy as np
from scipy.stats import theilslopes

from recon import __version__
from recon.bench.answers import Answers
from recon.bench.observation import observe
from recon.bench.processes import Processes
from recon.bench.routes import GATEWAY
from recon.bench.routes.gateway import OPTIONS, GatewayRoute
from recon.bench.routes.opening import gateway_route
from recon.bench.routes.requests import messages_of
from recon.machine import describe
from recon.tasks.registry import task_of
from recon.wire.calls import stream_call

#: Which clients come, and how often.
MIX = {"reads all": 0.5, "hangs": 0.1, "cancels": 0.15, "times out": 0.1, "disconnects": 0.15}
#: Growth that is called a leak: this much a minute for certain, and this share of the whole.
LEAK_MIB_PER_MIN, LEAK_SHARE = 1.0, 0.05
#: A process that has just begun grows whatever it does: growth is judged over a second half at least as long.
LEAST_JUDGED_S = 300.0
_ITEMS = 2
_HANG_S = 3.0
#: A message of this side's was being written when the call ended: this side's library says so in the place of why.
WRITING = "ENDED WHILE WRITING"
#: How a client of each kind may fare; a small series can be done before it is given up.
WANTED = {
    "reads all": {"OK"},
    "hangs": {"CANCELLED", WRITING},
    "cancels": {"CANCELLED", WRITING, "OK"},
    # this side's library cancels a call whose time is up just as its last message is followed by its end
    "times out": {"DEADLINE_EXCEEDED", "CANCELLED", "RESET", WRITING, "OK"},
    "disconnects": {"CANCELLED", "UNAVAILABLE", WRITING, "OK"},
}


@dataclass(frozen=True)
class Lengths:
    """Slices of series that are read, and of one that is given up with most of it to come."""

    read: tuple[int, int]
    given_up: int

    @classmethod
    def of(cls, task: str) -> Lengths:
        """Of a task; one that needs its whole input takes no single slices, and no stream of fifty."""
        return cls((1, 3), 50) if task_of(task).slice_by_slice else cls((5, 6), 12)


@dataclass
class Tally:
    """What clients of one kind saw: outcomes, and those that nobody injected."""

    outcomes: Counter[str] = field(default_factory=Counter)
    unexpected: Counter[str] = field(default_factory=Counter)


class Soak:
    """Clients of all kinds against one gateway.

    Parameters
    ----------
    address
        Of the gateway.
    tasks
        To use, at random.
    model
        Of the task where there is one only; empty where the service chooses.
    processes
        Whose memory is watched.
    seed
        Of what comes when.
    """

    def __init__(self, address: str, tasks: Sequence[str], model: str, processes: Processes, seed: int = 0) -> None:
        self._address, self._model, self._processes = address, model, processes
        self.tasks = tuple(tasks)
        self._rng = np.random.default_rng(seed)
        self._answers = Answers()
        self.tallies = {kind: Tally() for kind in MIX}
        self.memory: dict[str, tuple[list[float], list[float]]] = {}

    async def run(self, seconds: float, clients: int, told: Callable[[str], object] = lambda _: None) -> None:
        """Keep ``clients`` busy for a while and sample memory every second."""
        began = time.monotonic()
        async with grpc.aio.insecure_channel(self._address, OPTIONS) as channel:
            routes = {task: gateway_route(channel, task, self._model) for task in self.tasks}
            await self._read_all(routes)  # the first answers, which all later ones must equal

            async def client() -> None:
                while time.monotonic() - began < seconds:
                    task = str(self._rng.choice(self.tasks))
                    kind = str(self._rng.choice(list(MIX), p=list(MIX.values())))
                    await self._one(kind, task, channel, routes[task])

            async def sample() -> None:
                while True:
                    since = time.monotonic() - began
                    for name, usage in self._processes.usage().items():
                        times, values = self.memory.setdefault(name, ([], []))
                        times.append(round(since, 2))
                        values.append(round(usage.resident_mib, 2))
                    done = sum(sum(tally.outcomes.values()) for tally in self.tallies.values())
                    told(f"{since:.0f} of {seconds:.0f} s, {done} clients")
                    await asyncio.sleep(1.0)

            sampling = asyncio.create_task(sample())
            try:
                await asyncio.gather(*(client() for _ in range(clients)))
            finally:
                sampling.cancel()
            await self._read_all(routes)  # and it still works

    async def _one(self, kind: str, task: str, channel: grpc.aio.Channel, route: GatewayRoute) -> None:
        item, slices = int(self._rng.integers(_ITEMS)), int(self._rng.choice(Lengths.of(task).read))
        tally, method = self.tallies[kind], task_of(task).method
        if kind == "reads all":
            found = self._answers.judge(task, slices, await observe(route, item, slices, None, 120.0))
            outcome = found.problem or "OK"
        elif kind == "hangs":
            outcome = await self._hang(stream_call(channel, method), self._messages(task, item, 5))
        elif kind == "cancels":
            outcome = await self._cancel(stream_call(channel, method)(self._given_up(task, item), timeout=120))
        elif kind == "times out":
            limit = float(self._rng.uniform(0.01, 0.2))
            call = stream_call(channel, method)(self._messages(task, item, slices), timeout=limit)
            outcome = await self._outcome(call)
        else:
            outcome = await self._disconnect(task, item)
        tally.outcomes[outcome] += 1
        if outcome not in WANTED[kind]:
            tally.unexpected[outcome] += 1

    def _messages(self, task: str, item: int, slices: int) -> Sequence[Any]:
        return messages_of(task, item, slices, self._model)

    def _given_up(self, task: str, item: int) -> Sequence[Any]:
        return self._messages(task, item, Lengths.of(task).given_up)

    async def _read_all(self, routes: Mapping[str, GatewayRoute]) -> None:
        for task, route in routes.items():
            for item in range(_ITEMS):
                for slices in Lengths.of(task).read:
                    found = self._answers.judge(task, slices, await observe(route, item, slices, None, 120.0))
                    self.tallies["reads all"].outcomes[found.problem or "OK"] += 1
                    if found.problem:
                        self.tallies["reads all"].unexpected[found.problem] += 1

    async def _hang(self, stream: Callable[..., Any], messages: Sequence[Any]) -> str:
        """Send the header and one message more, then nothing."""

        async def some() -> AsyncIterator[Any]:
            for number, request in enumerate(messages):
                yield request
                if number == 1:
                    await asyncio.sleep(60)

        call = stream(some(), timeout=120)
        reading = asyncio.create_task(self._outcome(call))
        await asyncio.sleep(float(self._rng.uniform(0.2, _HANG_S)))
        call.cancel()
        return await reading

    async def _cancel(self, call: Any) -> str:
        """Cancel some time after the stream has begun, with most of it to come."""
        reading = asyncio.create_task(self._outcome(call))
        await asyncio.sleep(float(self._rng.uniform(0.0, 0.5)))
        call.cancel()
        return await reading

    async def _disconnect(self, task: str, item: int) -> str:
        """Close the connection in the middle of a series."""
        messages, channel = self._given_up(task, item), grpc.aio.insecure_channel(self._address, OPTIONS)
        call = stream_call(channel, task_of(task).method)(messages, timeout=120)
        reading = asyncio.create_task(self._outcome(call))
        await asyncio.sleep(float(self._rng.uniform(0.0, 0.5)))
        await channel.close()
        return await reading

    async def _outcome(self, call: Any) -> str:
        try:
            async for _ in call:
                pass
        except grpc.aio.AioRpcError as error:
            if "Internal error from Core" in (error.details() or ""):
                return WRITING
            return "RESET" if "RST_STREAM" in (error.details() or "") else str(error.code().name)
        except asyncio.CancelledError:
            if call.cancelled():
                return "CANCELLED"
            raise
        except grpc.aio.UsageError:  # the channel is closed already
            return "CANCELLED"
        return "OK"


def growth(seconds: list[float], mib: list[float]) -> tuple[float, float, float]:
    """Slope of memory in MiB a minute over the second half, and its 95 % interval (Theil-Sen)."""
    half = len(seconds) // 2
    if len(seconds) - half < 5:
        return 0.0, float("-inf"), float("inf")
    found = theilslopes(mib[half:], seconds[half:], 0.95)
    return 60 * float(found.slope), 60 * float(found.low_slope), 60 * float(found.high_slope)


def report(soak: Soak, seconds: float, clients: int) -> dict[str, Any]:
    """The record of a soak."""
    problems = [
        f"{kind}: {outcome}, {count} times"
        for kind, tally in soak.tallies.items()
        for outcome, count in tally.unexpected.items()
    ]
    judged = seconds / 2 >= LEAST_JUDGED_S
    if not judged:
        problems.append(f"growth was not judged: a run of {2 * LEAST_JUDGED_S / 60:.0f} minutes or more tells a leak")
    memory = {}
    for name, (times, values) in soak.memory.items():
        slope, low, high = growth(times, values)
        memory[name] = {
            "slope_mib_per_min": round(slope, 3),
            "interval_mib_per_min": [low, high],
            "seconds": times,
            "mib": values,
        }
        if not judged:
            continue
        if low > LEAK_MIB_PER_MIN and slope * seconds / 120 > LEAK_SHARE * values[-1]:
            problems.append(f"{name} grows by {slope:.1f} MiB a minute (at least {low:.1f})")
    if GATEWAY not in memory:
        problems.append("the gateway's process is on another machine; its memory was not watched")
    return {
        "format": 1,
        "kind": "soak",
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "software": __version__,
        "machine": describe(),
        "seconds": seconds,
        "clients_at_a_time": clients,
        "valid": not problems,
        "problems": problems,
        "growth_judged": judged,
        "tasks": list(soak.tasks),
        "clients": {
            kind: {"outcomes": dict(tally.outcomes), "unexpected": dict(tally.unexpected)}
            for kind, tally in soak.tallies.items()
        },
        "memory": memory,
    }
