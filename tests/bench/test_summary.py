"""Figures of a cell are those of its requests, and none are given where an answer was wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest

from recon.bench.blocks import Load, LoadBlock
from recon.bench.observation import Observation
from recon.bench.summary import block_medians, cells, most_in_flight, summarize


def seen(sent_s: float, took_s: float, item: int = 0) -> Observation:
    return Observation(item, sent_s, sent_s, sent_s + took_s / 2, sent_s + took_s, "OK", 1, "ab")


def block(index: int, took_s: float, requests: int = 40, route: str = "gateway") -> LoadBlock:
    found = [seen(index * 10 + number * took_s, took_s) for number in range(requests)]
    return LoadBlock(
        route, Load("closed", 1), index, index * 10.0, index * 10.0 + requests * took_s, found, {"all": 2.0}
    )


def test_figures_are_those_of_all_blocks() -> None:
    found = summarize([block(index, 0.125) for index in range(3)])
    assert found["valid"]
    assert (found["requests"], found["most_in_flight"]) == (120, 1)
    assert found["latency_ms"]["p50"]["value"] == pytest.approx(125)
    assert found["first_image_ms"]["p50"]["value"] == pytest.approx(62.5)
    assert found["slices_per_s"] == pytest.approx(8)
    assert found["cpu_s_per_slice"] == {"all": pytest.approx(6 / 120)}


def test_a_wrong_answer_leaves_no_figures() -> None:
    bad = block(0, 0.1)
    bad.observations[3] = replace(bad.observations[3], problem="pixels differ")
    found = summarize([bad, block(1, 0.1)])
    assert not found["valid"]
    assert found["reasons"] == ["1 of 80 answers: pixels differ"]
    assert found["latency_ms"] == found["service_ms"] == {}
    assert found["slices_per_s"] is None
    assert block_medians([bad, block(1, 0.2)]) == {1: pytest.approx(200)}


def test_a_generator_that_was_late_leaves_none_either() -> None:
    late = block(0, 0.1)
    late.observations[:] = [replace(one, due_s=one.due_s - 1.0) for one in late.observations]
    assert "generator late" in summarize([late])["reasons"][0]


def test_blocks_belong_to_their_route_and_load() -> None:
    made = [block(0, 0.1), block(0, 0.1, route="bare"), block(1, 0.1)]
    assert {key: [one.index for one in of] for key, of in cells(made).items()} == {
        ("gateway", str(Load("closed", 1))): [0, 1],
        ("bare", str(Load("closed", 1))): [0],
    }


def test_requests_under_way_at_a_time() -> None:
    assert most_in_flight([]) == 0
    assert most_in_flight([seen(0, 1), seen(1, 1), seen(2, 1)]) == 1
    assert most_in_flight([seen(0, 3), seen(1, 1), seen(1.5, 1)]) == 3
