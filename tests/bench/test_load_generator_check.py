"""Another load generator finds the same."""

from __future__ import annotations

import asyncio

import pytest

from recon.bench import load_generator_check
from recon.bench.self_test import second_opinion

#: What it measures is time: nothing runs beside it.
pytestmark = pytest.mark.service


@pytest.mark.skipif(not load_generator_check.installed(), reason="mlcommons-loadgen has no wheel for this platform")
def test_loadgen_agrees() -> None:
    for _ in range(3):  # other tests may run beside this one
        ours, theirs = asyncio.run(second_opinion())
        assert set(ours) == set(theirs) == {"p50", "p90", "p99"}
        near = [ours[name] == pytest.approx(theirs[name], rel=0.2, abs=5) for name in ("p50", "p90")]
        # the last seven of 700: one stall of the machine in either run moves it
        if all(near) and ours["p99"] == pytest.approx(theirs["p99"], rel=0.5, abs=20):
            return
    pytest.fail(f"{ours} and {theirs}")
