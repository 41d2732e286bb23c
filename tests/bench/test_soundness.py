from __future__ import annotations

import asyncio

import pytest

from recon.bench.answers import Answers
from recon.bench.observation import Observation
from recon.bench.request import MeasurementRequest
from recon.bench.routes import BARE, BODY, GATEWAY, Routes
from recon.bench.soundness import bit_equal, caching
from tests.bench.test_measure import Lying

REQUEST = MeasurementRequest("ct", "ct_denoise")


@pytest.mark.parametrize("fault", ["none", "remembers"])
def test_a_server_that_remembers_is_found_out(fault: str) -> None:
    async def look() -> list[str]:
        opened = Routes({GATEWAY: Lying(fault, 0)})
        for item in range(REQUEST.plan.items):
            await opened.routes[GATEWAY](item, 1)
        return await caching(REQUEST, opened)

    problems = asyncio.run(look())
    assert any("it remembers" in problem for problem in problems) == (fault == "remembers")


@pytest.mark.parametrize("same", [True, False])
def test_ways_that_return_the_networks_output_are_held_against_it(same: bool) -> None:
    answers = Answers()
    for item in range(REQUEST.plan.items):
        for way, digest in ((BARE, "a"), (BODY, "a" if same else "b")):
            answers.judge(way, 1, Observation(item, 1.0, 1.0, 1.5, 2.0, "OK", 1, digest, "", {}))
    assert bit_equal(answers, Routes({BARE: Lying("none", 0), BODY: Lying("none", 0)}), REQUEST) == {BODY: same}
