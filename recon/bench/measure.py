"""One run of ``recon bench serve``: self-test, warm-up, blocks, summary."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from recon.bench import routes as ways
from recon.bench.answers import Answers
from recon.bench.blocks import Load, LoadBlock, Plan, run_block, run_blocks
from recon.bench.lead_in import lead_in
from recon.bench.observation import OK
from recon.bench.processes import Processes, busy_s, listener, own
from recon.bench.progress import Told
from recon.bench.request import MeasurementRequest
from recon.bench.self_test import SelfCheck
from recon.bench.serve_record import serve_record
from recon.bench.soundness import WARM_UP, bit_equal, caching, warm_up
from recon.tasks.registry import task_of


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
        problems = await warm_up(address, request, opened, answers)
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
        problems += await caching(request, opened)
        ours = sum(found.cpu_s - before[name].cpu_s for name, found in after.items() if name in before)
        others = (busy_s() - busy - ours) / (time.monotonic() - began)
        opened.notes["cores_kept_busy_by_others"] = round(max(0.0, others), 2)
        usage = {name: asdict(found) for name, found in after.items()}
    problems += [
        f"{name}: the same answer to different inputs" for name in opened.routes if answers.same_for_all_inputs(name)
    ]
    agreement = bit_equal(answers, opened, request)
    return serve_record(request, checks, blocks, began, usage, problems, agreement, load_before, opened.notes)


def _processes(address: str, request: MeasurementRequest, opened: ways.Routes) -> Processes:
    roots = {own(): "generator and bare runtime"}
    for name, target in {ways.GATEWAY: address, **request.others}.items():
        pid = listener(target)
        if pid is not None and pid != own():
            roots[pid] = name
    if opened.triton_pid is not None:
        roots[opened.triton_pid] = "Triton of the Triton routes"
    return Processes(roots, alone=frozenset({own()}))


async def _loads(request: MeasurementRequest, opened: ways.Routes) -> list[Load]:
    """Shares of capacity become arrivals a second, the same ones for every route."""
    # the network alone does a fraction of what such a request takes: no rate for the other routes
    whole = () if task_of(request.task).slice_by_slice else (ways.TASK, ways.GATEWAY)
    name = next(name for name in (*whole, *opened.routes) if name in opened.routes)
    plan = Plan(1, 2 * WARM_UP, request.plan.items, request.plan.timeout_s)
    block = await run_block(
        name, opened.routes[name], Load("closed", 1, request.each), plan, 0, Answers(), Processes({})
    )
    times = [o.service_s for o in block.observations if o.status == OK]
    capacity = 1 / float(np.median(times)) if times else 1.0
    rates = [float(f"{-rate * capacity if rate < 0 else rate:.3g}") for rate in request.rates]
    loads = [Load("closed", count, request.each) for count in request.concurrency]
    loads += [
        Load("open", rate, request.each, asked, lead_in(rate, rate / capacity))
        for rate, asked in zip(rates, request.asked_rates, strict=True)
    ]
    return loads + ([Load("series", request.series)] if request.series > request.each else [])
