"""One run of ``recon bench serve``: self-test, warm-up, blocks, summary."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from recon import __version__
from recon.bench import routes as ways
from recon.bench.answers import Answers
from recon.bench.blocks import Load, LoadBlock, Plan, run_block, run_blocks
from recon.bench.closed_loop import closed_loop
from recon.bench.observation import OK, Observation, observe
from recon.bench.processes import Processes, busy_s, listener, own
from recon.bench.self_test import SelfCheck, as_json
from recon.bench.summary import cells, summarize
from recon.machine import describe
from recon.serving.tuning import words_of
from recon.tasks.registry import task_of

#: Share of the cores that other processes may use before the record warns.
MOST_BUSY = 0.1
_WARM_UP, _FRESH = 3, 5


@dataclass(frozen=True)
class MeasurementRequest:
    """What to measure.

    Attributes
    ----------
    task, model
        Its name, and which model of it.
    routes
        Of the model's; see :func:`recon.bench.routes.routes_of`.
    others
        More gateways in the same run, address by name.
    concurrency
        Callers at a time of the closed loops.
    rates
        Arrivals a second of the open loops; negative ones are shares of what one caller gets of the first route
        that does the whole task.
    series
        Slices of the streamed series; none leaves it out. Of every request where the task needs its whole input.
    plan
        How much.
    tuning
        Records by which the service runs its models.
    until_s
        Monotonic time by which the run is to end; it has fewer blocks then.
    """

    task: str = "ct"
    model: str = "ct_denoise"
    routes: tuple[str, ...] = (ways.BARE, ways.BODY, ways.SHARED, ways.TASK, ways.GATEWAY)
    others: dict[str, str] = field(default_factory=dict)
    concurrency: tuple[int, ...] = (1, 2, 4)
    rates: tuple[float, ...] = (-0.5, -0.8)
    series: int = 8
    plan: Plan = field(default_factory=Plan)
    tuning: tuple[Path, ...] = ()
    until_s: float = float("inf")

    @property
    def each(self) -> int:
        """Slices of a request: all where the task needs its whole input before the first image."""
        return 1 if task_of(self.task).slice_by_slice else self.series


Told = Callable[[str], object]


async def measure(
    address: str, request: MeasurementRequest, checks: Sequence[SelfCheck], told: Told = lambda _: None
) -> dict[str, Any]:
    """The whole run as it is written down.

    Parameters
    ----------
    address
        Of the gateway.
    request
        What to measure.
    checks
        Of the self-test; empty when it was left out, which the record says.
    told
        Hears what is being done.
    """
    opening = ways.open_routes(
        request.task, address, request.model, request.routes, request.others, request.each, request.tuning
    )
    load_before = os.getloadavg()[0]
    async with opening as opened:
        answers = Answers()
        processes = _processes(address, request, opened)
        told("warm-up")
        began = time.monotonic()
        problems = await _warm_up(address, request, opened, answers)
        # what follows the blocks takes about twice as many requests
        until = request.until_s - 2 * (time.monotonic() - began)
        loads = await _loads(request, opened)
        total = request.plan.blocks * len(opened.routes) * len(loads)
        done = 0

        def tell(block: LoadBlock) -> None:
            nonlocal done
            done += 1
            told(f"block {done} of {total}: {block.route}, {block.load}")

        began, busy, before = time.monotonic(), busy_s(), processes.usage()
        blocks = await run_blocks(opened.routes, loads, request.plan, answers, processes, tell, until)
        after = processes.usage()
        problems += await _caching(request, opened)
        ours = sum(found.cpu_s - before[name].cpu_s for name, found in after.items() if name in before)
        others = (busy_s() - busy - ours) / (time.monotonic() - began)
        opened.notes["cores_kept_busy_by_others"] = round(max(0.0, others), 2)
        usage = {name: asdict(found) for name, found in after.items()}
    problems += [
        f"{name}: the same answer to different inputs" for name in opened.routes if answers.same_for_all_inputs(name)
    ]
    agreement = _bit_equal(answers, opened, request)
    return _record(request, checks, blocks, began, usage, problems, agreement, load_before, opened.notes)


def _processes(address: str, request: MeasurementRequest, opened: ways.Routes) -> Processes:
    roots = {own(): "generator and bare runtime"}
    for name, target in {ways.GATEWAY: address, **request.others}.items():
        pid = listener(target)
        if pid is not None and pid != own():
            roots[pid] = name
    if opened.triton_pid is not None:
        roots[opened.triton_pid] = "Triton of the Triton routes"
    return Processes(roots, alone=frozenset({own()}))


async def _warm_up(address: str, request: MeasurementRequest, opened: ways.Routes, answers: Answers) -> list[str]:
    """Send every input by every route a few times, and look at what the gateway makes of it; not counted."""
    problems: list[str] = []
    for name, route in opened.routes.items():
        for slices in sorted({request.each, request.series} - {0}):
            count = max(_WARM_UP, request.plan.items) if slices == request.each else 1
            found = await closed_loop(route, 1, count, lambda n: n % request.plan.items, slices, request.plan.timeout_s)
            judged = [answers.judge(name, slices, observation) for observation in found]
            problems += [f"{name}, warm-up: {o.problem}" for o in judged if o.problem][:1]
    if opened.agreement is not None:
        for name, target in {ways.GATEWAY: address, **request.others}.items():
            if name in opened.routes and not any(problem.startswith(f"{name},") for problem in problems):
                problems += await _compare(name, target, request, opened, opened.agreement)
    return problems


async def _compare(
    name: str, address: str, request: MeasurementRequest, opened: ways.Routes, agreement: ways.Agreement
) -> list[str]:
    found = [await agreement.difference(address, item) for item in range(request.plan.items)]
    opened.notes[f"{name}: largest difference to the task in one process, {agreement.unit}"] = round(max(found), 5)
    if max(found) > agreement.most:
        return [f"{name}: images differ from those of the task in one process by {max(found):.3g} {agreement.unit}"]
    return []


async def _caching(request: MeasurementRequest, opened: ways.Routes) -> list[str]:
    """Whether inputs that came before are answered faster than new ones: then it is no network that was measured."""
    problems = []
    for name, route in opened.routes.items():
        if name in (ways.BARE, ways.TASK):
            continue
        times: dict[bool, list[float]] = {True: [], False: []}
        for turn in range(_FRESH):
            for known, item in ((True, turn % request.plan.items), (False, request.plan.items + 100 + turn)):
                opened.prepare(item)
                found = await observe(route, item, request.each, None, request.plan.timeout_s)
                times[known].append(found.service_s)
        old, new = float(np.median(times[True])), float(np.median(times[False]))
        opened.notes[f"{name}: new inputs over known ones"] = round(new / old, 2)
        if new > 2 * old and min(times[False]) > max(times[True]):
            problems.append(f"{name}: known inputs take {1e3 * old:.0f} ms, new ones {1e3 * new:.0f} ms; it remembers")
    return problems


async def _loads(request: MeasurementRequest, opened: ways.Routes) -> list[Load]:
    """Shares of capacity become arrivals a second, the same ones for every route."""
    # the network alone does a fraction of what such a request takes: no rate for the other routes
    whole = () if task_of(request.task).slice_by_slice else (ways.TASK, ways.GATEWAY)
    name = next(name for name in (*whole, *opened.routes) if name in opened.routes)
    plan = Plan(1, 2 * _WARM_UP, request.plan.items, request.plan.timeout_s)
    block = await run_block(
        name, opened.routes[name], Load("closed", 1, request.each), plan, 0, Answers(), Processes({})
    )
    times = [o.service_s for o in block.observations if o.status == OK]
    capacity = 1 / float(np.median(times)) if times else 1.0
    rates = [float(f"{-rate * capacity if rate < 0 else rate:.3g}") for rate in request.rates]
    loads = [Load("closed", count, request.each) for count in request.concurrency]
    loads += [Load("open", rate, request.each) for rate in rates]
    return loads + ([Load("series", request.series)] if request.series > request.each else [])


def _bit_equal(answers: Answers, opened: ways.Routes, request: MeasurementRequest) -> dict[str, bool]:
    """Whether routes that return the network's own output return the same bits as the bare runtime."""
    raw = [name for name in (ways.BODY, ways.SHARED) if name in opened.routes and ways.BARE in opened.routes]
    items = range(request.plan.items)
    return {
        name: all(
            answers.digest(name, item, request.each) == answers.digest(ways.BARE, item, request.each) for item in items
        )
        for name in raw
    }


def _record(
    request: MeasurementRequest,
    checks: Sequence[SelfCheck],
    blocks: list[LoadBlock],
    began: float,
    usage: dict[str, Any],
    problems: list[str],
    agreement: dict[str, bool],
    load_before: float,
    notes: dict[str, Any],
) -> dict[str, Any]:
    table: list[dict[str, Any]] = []
    order = [*request.routes, *request.others]
    for (route, load), found in sorted(cells(blocks).items(), key=lambda cell: order.index(cell[0][0])):
        kind = found[0].load
        table.append(
            {
                "route": route,
                "load": load,
                "kind": kind.kind,
                "value": kind.value,
                "slices": kind.slices,
                **summarize(found),
                "blocks": [_raw(block, began) for block in found],
            }
        )
    problems = [*problems, *(f"self-test: {check.name}: {check.found}" for check in checks if not check.passed)]
    return {
        "format": 1,
        "kind": "serve",
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "software": __version__,
        "machine": {**describe(), "load_average_before": round(load_before, 2)},
        "settings": {
            "task": request.task,
            "model": request.model,
            "blocks": len({block.index for block in blocks}),
            "requests_per_block": request.plan.requests,
            "inputs": request.plan.items,
            "seed": request.plan.seed,
            "tuning": dict(words_of(path).split(": ", 1) for path in request.tuning),
            **_words(request),
        },
        "notes": notes,
        "self_test": as_json(list(checks)),
        "valid": not problems and all(cell["valid"] for cell in table),
        "problems": problems,
        "warnings": _warnings(notes),
        "same_bits_as_bare_runtime": agreement,
        "processes": usage,
        "cells": table,
    }


def _words(request: MeasurementRequest) -> dict[str, str]:
    """What was sent, and what a slice is."""
    task = task_of(request.task)
    image = task.sample(0, request.each).words
    if task.slice_by_slice:
        return {"image": image, "slice": "one image, which a request or a part of a series asks for"}
    words = (
        f"one of the {request.series} images of a {task.noun}. A request is a whole {task.noun}: all of it must be in "
        "before the first image can be made, and latency is that of all its images"
    )
    return {"image": image, "slice": words}


def _warnings(notes: dict[str, Any]) -> list[str]:
    busy = notes.get("cores_kept_busy_by_others", 0.0)
    if busy > MOST_BUSY * describe()["cores"]:
        return [f"other processes kept {busy:.2f} cores busy; times are those of a machine under load"]
    return []


def _raw(block: LoadBlock, began: float) -> dict[str, Any]:
    """Timestamps in ms since the first block."""

    def column(pick: Callable[[Observation], float | None]) -> list[float | None]:
        times = [pick(observation) for observation in block.observations]
        return [None if time is None else round(1e3 * (time - began), 3) for time in times]

    return {
        "index": block.index,
        "began_ms": round(1e3 * (block.began_s - began), 3),
        "ended_ms": round(1e3 * (block.ended_s - began), 3),
        "due_ms": column(lambda o: o.due_s),
        "sent_ms": column(lambda o: o.sent_s),
        "first_ms": column(lambda o: o.first_s),
        "done_ms": column(lambda o: o.done_s),
        "item": [o.item for o in block.observations],
        "status": [o.status for o in block.observations],
        "slices": [o.slices for o in block.observations],
        "digest": [o.digest for o in block.observations],
        "problem": [o.problem for o in block.observations],
    }
