"""Open and closed loops against routes that are no servers at all."""

from __future__ import annotations

import asyncio
import time

import numpy as np
import pytest

from recon.bench.answers import Answers
from recon.bench.blocks import Load, Plan, run_blocks
from recon.bench.closed_loop import closed_loop
from recon.bench.observation import Reply
from recon.bench.open_loop import late_requests, open_loop
from recon.bench.percentiles import percentile
from recon.bench.processes import Processes
from recon.bench.summary import most_in_flight


class Waiting:
    """Answers after a while; between two moments it does not answer at all."""

    def __init__(self, delay_s: float, stall: tuple[float, float] = (0, 0)) -> None:
        self.delay_s, self.stall, self.start = delay_s, stall, time.monotonic()

    async def __call__(self, item: int, slices: int) -> Reply:
        since = time.monotonic() - self.start
        if self.stall[0] <= since < self.stall[1]:
            await asyncio.sleep(self.stall[1] - since)
        await asyncio.sleep(self.delay_s)
        now = time.monotonic()
        return Reply(slices, [bytes([item])], now, now)


def first(number: int) -> int:
    return number % 3


def test_a_closed_loop_keeps_its_concurrency() -> None:
    found = asyncio.run(closed_loop(Waiting(0.01), 3, 12, first, 1, 5))
    assert len(found) == 12
    assert most_in_flight(found) == 3
    assert all(observation.due_s == observation.sent_s for observation in found)


def test_a_run_ends_in_time_with_whole_rounds() -> None:
    routes = {"one": Waiting(0.01), "other": Waiting(0.01)}
    loads = [Load("closed", 1), Load("series", 2)]
    until = time.monotonic() + 0.6
    blocks = asyncio.run(
        run_blocks(routes, loads, Plan(500, 3), Answers(), Processes({}), until_s=until)  # would take half a minute
    )
    rounds = {block.index for block in blocks}
    assert 1 <= len(rounds) < 500
    assert len(blocks) == 4 * len(rounds)


def test_requests_in_flight_are_not_bounded() -> None:
    moments = np.linspace(0.0, 0.2, 600)
    found = asyncio.run(open_loop(Waiting(3.0), moments, first, 1, 15))  # long enough for a busy machine to send all
    assert most_in_flight(found) == 600


def test_a_stall_shows_from_the_scheduled_moment() -> None:
    async def run() -> tuple[float, float]:
        moments = np.linspace(0.0, 1.5, 300)
        on_schedule = await open_loop(Waiting(0.001, (0.5, 1.0)), moments, first, 1, 5)
        closed = await closed_loop(Waiting(0.001, (0.05, 0.55)), 1, 300, first, 1, 5)
        return tuple(percentile([o.latency_s for o in found], 0.9).value or 0.0 for found in (on_schedule, closed))

    on_schedule, closed = asyncio.run(run())
    assert on_schedule > 0.3  # two thirds of the stall: a third of the callers wait, a tenth this long
    assert closed < 0.1  # the closed loop stopped asking


def test_a_generator_that_is_late_says_so() -> None:
    async def blocking(item: int, slices: int) -> Reply:
        time.sleep(0.05)  # noqa: ASYNC251  the generator's own thread is kept busy
        now = time.monotonic()
        return Reply(slices, [], now, now)

    found = asyncio.run(open_loop(blocking, np.linspace(0, 0.1, 20), first, 1, 5))
    late, worst, tolerance = late_requests(found)
    assert late > 5
    assert worst > tolerance
    # what the generator owes counts as latency all the same
    assert max(o.latency_s for o in found) > max(o.service_s for o in found)


def test_time_runs_out() -> None:
    found = asyncio.run(closed_loop(Waiting(5), 1, 1, first, 1, 0.05))
    assert found[0].status == "TIMEOUT"


@pytest.mark.parametrize(
    ("reply", "problem"),
    [
        (Reply(1, [b"x"], None, 0), "1 of 2 slices"),
        (Reply(2, [b"x"], None, 0, "OUT_OF_ORDER"), "status OUT_OF_ORDER"),
    ],
)
def test_wrong_answers_are_no_latencies(reply: Reply, problem: str) -> None:
    async def route(item: int, slices: int) -> Reply:
        return Reply(reply.slices, reply.pixels, None, time.monotonic(), reply.status)

    found = asyncio.run(closed_loop(route, 1, 1, first, 2, 5))
    assert Answers().judge("route", 2, found[0]).problem == problem


def test_every_pixel_counts() -> None:
    answers, count = Answers(), 0

    async def route(item: int, slices: int) -> Reply:
        nonlocal count
        count += 1
        return Reply(slices, [b"pixels", bytes([count // 4])], None, time.monotonic())

    found = asyncio.run(closed_loop(route, 1, 6, lambda n: 0, 1, 5))
    judged = [answers.judge("route", 1, observation).problem for observation in found]
    assert judged == ["", "", "", *["pixels differ from the first answer"] * 3]


def test_one_answer_for_all_inputs_is_noticed() -> None:
    answers = Answers()

    async def constant(item: int, slices: int) -> Reply:
        return Reply(slices, [b"always"], None, time.monotonic())

    for observation in asyncio.run(closed_loop(constant, 1, 3, first, 1, 5)):
        answers.judge("route", 1, observation)
    assert answers.same_for_all_inputs("route")
