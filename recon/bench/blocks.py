"""Every route under every load, in blocks that alternate, so that all of them see the same machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from recon.bench.answers import Answers
from recon.bench.closed_loop import closed_loop
from recon.bench.lead_in import LeadIn
from recon.bench.observation import Observation, Route
from recon.bench.open_loop import open_loop
from recon.bench.processes import Processes, Usage
from recon.bench.schedule import poisson

LoadKind = Literal["closed", "open", "series"]


@dataclass(frozen=True)
class Load:
    """How requests come.

    Attributes
    ----------
    kind
        ``closed``: ``value`` callers at a time. ``open``: ``value`` arrivals a second.
        ``series``: one caller with ``value`` slices at a time.
    value
        As said.
    each
        Slices of one request, other than a series.
    asked
        How an open loop's rate was asked for, such as ``50%``.
    lead_in
        Of an open loop: what comes before the requests that count.
    """

    kind: LoadKind
    value: float
    each: int = 1
    asked: str = ""
    lead_in: LeadIn = field(default_factory=LeadIn)

    @property
    def slices(self) -> int:
        """Of one request."""
        return int(self.value) if self.kind == "series" else self.each

    def __str__(self) -> str:
        callers = "{:.0f} caller" if self.value == 1 else "{:.0f} callers"
        words = {"closed": callers, "open": "{:.3g} arrivals/s", "series": "series of {:.0f}"}
        return words[self.kind].format(self.value) + (f", {self.each} slices each" if self.each > 1 else "")


@dataclass(frozen=True)
class Plan:
    """How much of it.

    Attributes
    ----------
    blocks
        Of every route under every load.
    requests
        In a block, beside the lead-in of an open loop; a series is one request.
    items
        Different inputs, which take turns.
    timeout_s
        Of a request.
    seed
        Of the order of the blocks and the moments of arrival.
    """

    blocks: int = 12
    requests: int = 8
    items: int = 4
    timeout_s: float = 60.0
    seed: int = 0


@dataclass(frozen=True)
class LoadBlock:
    """What one block saw.

    Attributes
    ----------
    route, load
        Of the cell.
    index
        Round of the run.
    began_s, ended_s
        Monotonic.
    observations
        Of the requests that count, judged.
    cpu_s
        That each process spent.
    lead_in
        Of the requests before them, judged.
    """

    route: str
    load: Load
    index: int
    began_s: float
    ended_s: float
    observations: list[Observation]
    cpu_s: dict[str, float] = field(default_factory=dict)
    lead_in: list[Observation] = field(default_factory=list)

    @property
    def sent(self) -> list[Observation]:
        """Of all requests."""
        return [*self.lead_in, *self.observations]


async def run_block(
    name: str, route: Route, load: Load, plan: Plan, index: int, answers: Answers, processes: Processes
) -> LoadBlock:
    """One block, its answers judged after it."""

    def item_of(number: int) -> int:
        return (index * plan.requests + number) % plan.items

    first = load.lead_in.requests if load.kind == "open" else 0
    before, began = processes.usage(), time.monotonic()
    if load.kind == "open":
        # the same moments for every route of a round
        moments = poisson(load.value, first + plan.requests, plan.seed + 1000 * index + int(97 * load.value))
        found = await open_loop(route, moments, item_of, load.slices, plan.timeout_s)
    elif load.kind == "closed":
        found = await closed_loop(route, int(load.value), plan.requests, item_of, load.slices, plan.timeout_s)
    else:
        found = await closed_loop(route, 1, 1, item_of, load.slices, plan.timeout_s)
    ended, after = max([o.done_s for o in found], default=began), processes.usage()
    judged = [answers.judge(name, load.slices, observation) for observation in found]
    return LoadBlock(name, load, index, began, ended, judged[first:], _spent(before, after), judged[:first])


async def run_blocks(
    routes: Mapping[str, Route],
    loads: Sequence[Load],
    plan: Plan,
    answers: Answers,
    processes: Processes,
    told: Callable[[LoadBlock], object] = lambda _: None,
    until_s: float = float("inf"),
) -> list[LoadBlock]:
    """All blocks; within a round every cell comes once, in an order drawn anew.

    Parameters
    ----------
    routes
        By name.
    loads
        That each is put under.
    plan
        How much.
    answers
        Judge of the answers, which may know some from the warm-up.
    processes
        Whose CPU time is taken.
    told
        Hears of every finished block.
    until_s
        Monotonic time; no round is begun that would end later, if it lasts as long as the longest so far.
    """
    rng = np.random.default_rng(plan.seed)
    cells = [(name, load) for name in routes for load in loads]
    blocks: list[LoadBlock] = []
    longest = 0.0
    for index in range(plan.blocks):
        began = time.monotonic()
        if index and began + longest > until_s:
            break
        for cell in rng.permutation(len(cells)):
            name, load = cells[cell]
            block = await run_block(name, routes[name], load, plan, index, answers, processes)
            blocks.append(block)
            told(block)
        longest = max(longest, time.monotonic() - began)
    return blocks


def _spent(before: dict[str, Usage], after: dict[str, Usage]) -> dict[str, float]:
    return {name: now.cpu_s - before[name].cpu_s for name, now in after.items() if name in before}
