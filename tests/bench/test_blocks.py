"""Blocks of all routes take turns."""

from __future__ import annotations

import asyncio
import time

from recon.bench.answers import Answers
from recon.bench.blocks import Load, Plan, run_blocks
from recon.bench.processes import Processes
from tests.bench.waiting import Waiting


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
