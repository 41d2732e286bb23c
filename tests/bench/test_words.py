"""A run in words, in the README's table and on a page says what was measured, and nothing when it is INVALID."""

from __future__ import annotations

import re
from typing import Any

import pytest

from recon.bench import record
from recon.bench.blocks import Load, LoadBlock
from recon.bench.observation import Observation
from recon.bench.page import page
from recon.bench.request import MeasurementRequest
from recon.bench.routes import BARE, GATEWAY
from recon.bench.self_test import SelfCheck
from recon.bench.serve_record import serve_record
from recon.bench.words import SHORT_HEADS, as_markdown, short_rows

ONE, SERIES = Load("closed", 1), Load("series", 4)
PARTS = {"receive": 4.0, "prepare": 2.0, "queue": 0.0, "network": 80.0, "finish": 8.0, "send": 1.0}


def block(route: str, load: Load, index: int, latency_s: float, problem: str = "") -> LoadBlock:
    """Two requests one after the other."""
    began = 10.0 * index
    timings = PARTS if route == GATEWAY else {}
    found = [
        Observation(
            item, start, start, start + latency_s / 2, start + latency_s, "OK", load.slices, "", problem, timings
        )
        for item, start in enumerate((began, began + latency_s))
    ]
    return LoadBlock(route, load, index, began, began + 2 * latency_s, found, {"models": 0.1 * load.slices})


def run(problem: str = "") -> dict[str, Any]:
    """Six rounds: the gateway takes 5 ms more than the 20 ms of the network, and 100 ms for a series of 80."""
    times = {(BARE, ONE): 0.020, (GATEWAY, ONE): 0.025, (BARE, SERIES): 0.080, (GATEWAY, SERIES): 0.100}
    blocks = [
        block(route, load, index, seconds, problem) for index in range(6) for (route, load), seconds in times.items()
    ]
    request = MeasurementRequest("ct", "ct_denoise", (BARE, GATEWAY))
    checks = [SelfCheck("a server that stops for 2 s", True, "p99 above 1600 ms", "p99 2010 ms")]
    notes = {"precision": "f32", "gateway: largest difference to the task in one process, HU": 0.001}
    found = serve_record(request, checks, blocks, 0.0, {}, [], {}, 0.1, notes)
    found["settings"]["command"] = "recon bench serve -o bench"
    record.check(found)
    return found


def test_words_and_table_say_what_was_measured() -> None:
    words = as_markdown(run())
    assert "`recon bench serve -o bench` on " in words
    assert "All answers were right." in words
    assert "Self-tests passed: 1 of 1 (a server that stops for 2 s: p99 2010 ms)." in words
    assert "A request alone takes 5.0 ms more than in the bare network, 1.25 times" in words
    assert re.search(
        r"A streamed series of 4 keeps 0.80 \(95 %: 0.80 to 0.80\) of the bare network's throughput", words
    )
    assert "which takes 50 ms of processor time a slice" in words
    assert "Differences and ratios are of rounds in pairs, and need not be those of the table's medians." in words
    assert (
        "ms (series of 4; parts of different slices overlap): receive 1.0, prepare 0.5, queue 0.0, network 20.0"
        in words
    )
    rows = short_rows(run())
    assert len(SHORT_HEADS) == len(rows[0]) == 6
    assert [row[4] for row in rows if row[1] == "a streamed series of 4"] == ["50.00", "40.00"]
    assert [row[2:4] for row in rows if row[1] == "a streamed series of 4"] == [("", "")] * 2


def test_words_and_page_say_what_comes_before_an_open_loop() -> None:
    assert "begins with requests" not in as_markdown(run())
    open_loops = [
        {**run()["cells"][0], "kind": "open", "load": load, "lead_in": {"requests": requests, "needed": needed}}
        for load, requests, needed in (("1 arrivals/s", 6, 6), ("2 arrivals/s", 32, 72), ("9 arrivals/s", 3, None))
    ]
    for made in (as_markdown, page):
        words = made({**run(), "cells": [*run()["cells"], *open_loops]})
        assert "Each block of an open loop begins with requests that fill the queue of an idle service" in words
        assert (
            "(6 at 1 arrivals/s; 32 at 2 arrivals/s of the 72 that it takes, so waiting is still growing; 3 at" in words
        )
        assert "their answers are judged, their latency is not counted" in words


def test_the_page_needs_nothing_else() -> None:
    html = page(run())
    assert "<script" not in html
    assert not re.search(r"""(src|href)=["'](?!data:)""", html)
    assert html.count("data:image/svg+xml;base64,") == 3
    for words in (
        "Valid: every answer was right",
        "keeps 0.80",
        "a server that stops for 2 s",
        "extensions",
        "precision",
    ):
        assert words in html


@pytest.mark.parametrize("words", [as_markdown, page])
def test_no_figure_of_an_invalid_run_is_put_into_words(words: Any) -> None:
    made = words(run("pixels differ from the first answer"))
    assert "INVALID" in made
    assert "of the bare network's throughput" not in made
    assert "ms more than" not in made
    assert "All answers were right" not in made
    if words is page:
        assert "pixels differ from the first answer" in made
