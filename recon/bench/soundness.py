"""What makes a run's times worth reading: answers are right, the same on every way, and nothing remembers them."""

from __future__ import annotations

import numpy as np

from recon.bench import routes as ways
from recon.bench.answers import Answers
from recon.bench.closed_loop import closed_loop
from recon.bench.observation import observe
from recon.bench.request import MeasurementRequest

#: Requests by each way that are not counted, and inputs that nobody has seen.
WARM_UP = 3
_FRESH = 5


async def warm_up(address: str, request: MeasurementRequest, opened: ways.Routes, answers: Answers) -> list[str]:
    """Send every input by every route a few times, and look at what the gateway makes of it; not counted."""
    problems: list[str] = []
    for name, route in opened.routes.items():
        for slices in sorted({request.each, request.series} - {0}):
            count = max(WARM_UP, request.plan.items) if slices == request.each else 1
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


async def caching(request: MeasurementRequest, opened: ways.Routes) -> list[str]:
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


def bit_equal(answers: Answers, opened: ways.Routes, request: MeasurementRequest) -> dict[str, bool]:
    """Whether routes that return the network's own output return the same bits as the bare runtime."""
    raw = [name for name in (ways.BODY, ways.SHARED) if name in opened.routes and ways.BARE in opened.routes]
    items = range(request.plan.items)
    return {
        name: all(
            answers.digest(name, item, request.each) == answers.digest(ways.BARE, item, request.each) for item in items
        )
        for name in raw
    }
