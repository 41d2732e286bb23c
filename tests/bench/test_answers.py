from __future__ import annotations

import asyncio
import time
from dataclasses import replace

import pytest

from recon.bench.answers import Answers
from recon.bench.closed_loop import closed_loop
from recon.bench.observation import Observation, Reply
from tests.bench.waiting import first

RIGHT = Observation(0, 1.0, 1.0, 1.5, 2.0, "OK", 2, "a", "", {})


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"status": "UNAVAILABLE"}, "status UNAVAILABLE"),
        ({"slices": 1}, "1 of 2 slices"),
        ({"first_s": 2.5}, "answered before it was asked"),
        ({"digest": "b"}, "pixels differ from the first answer"),
    ],
)
def test_what_is_wrong_with_an_answer_is_said_and_counted(wrong: dict[str, object], words: str) -> None:
    answers = Answers()
    assert answers.judge("way", 2, RIGHT).problem == ""
    assert answers.judge("way", 2, replace(RIGHT, **wrong)).problem == words  # type: ignore[arg-type]
    assert answers.problems == {f"way: {words}": 1}


def test_one_answer_to_different_inputs_is_noticed() -> None:
    answers = Answers()
    answers.judge("way", 2, RIGHT)
    assert not answers.same_for_all_inputs("way")
    answers.judge("way", 2, replace(RIGHT, item=1))
    assert answers.same_for_all_inputs("way")


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
