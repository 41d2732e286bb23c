"""What the routes send is what their tasks take, and the network in this process does what the service does."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import numpy as np
import pytest

from recon.bench.inputs import contrast_pair
from recon.bench.observation import OK
from recon.bench.routes import BARE, ROUTES, TASK, open_routes
from recon.bench.routes.contrast import TaskRoute, contrast_requests
from recon.bench.routes.network import weights_of
from recon.errors import InvalidRequest
from recon.quality.verdict import Verdict
from recon.tasks.base import ModelFacts
from recon.tasks.contrast.slices import AlignedPair
from recon.tasks.contrast.task import ContrastTask


def test_the_pairs_are_good_ones_and_all_different() -> None:
    for item in (0, 1, 105):
        pre, low = contrast_pair(item, 5)
        found = AlignedPair.of(pre, low, 0.1)
        assert not [check.name for check in found.checks if check.outcome is Verdict.REJECT]
    assert not np.array_equal(contrast_pair(0, 5)[0].values, contrast_pair(8, 5)[0].values)


def test_the_messages_are_a_whole_pair() -> None:
    header, *rest = contrast_requests(0, 5)
    session = ContrastTask().open(header.header, ModelFacts("contrast_enhance"))
    for message in rest:
        assert not session.is_complete
        session.add(message)
    assert session.is_complete


def test_the_task_in_one_process_enhances_the_lesion() -> None:
    pre, low = contrast_pair(0, 5)
    whole = TaskRoute(weights_of("contrast_enhance"))
    images = np.stack([finished.image for finished in whole.images(0, 5)])
    core = (low.values - pre.values)[2] > 30  # a tenth of 600
    assert core.sum() > 100
    assert (images - pre.values)[2][core].mean() > 200
    reply = asyncio.run(whole(0, 5))
    whole.close()
    assert (reply.status, reply.slices, len(reply.pixels)) == (OK, 5, 15)
    assert reply.first_s is not None
    assert reply.first_s < reply.done_s
    assert reply.pixels[6] == images[2].tobytes()


def _open(task: str, names: Iterable[str], slices: int) -> list[str]:
    async def run() -> list[str]:
        model = {"ct": "ct_denoise_light", "contrast": "contrast_enhance"}.get(task, "sense")
        async with open_routes(task, "127.0.0.1:1", model, names, {}, slices) as opened:
            return list(opened.routes)

    return asyncio.run(run())


def test_routes_of_each_task_are_opened_by_name() -> None:
    assert _open("contrast", ROUTES["contrast"], 5) == list(ROUTES["contrast"])
    assert _open("contrast", (BARE,), 5) == [BARE]
    assert _open("ct", (BARE, "gateway"), 1) == [BARE, "gateway"]
    assert _open("mr", ROUTES["mr"], 1) == list(ROUTES["mr"])


def test_what_can_not_be_measured_is_refused() -> None:
    for task, name in (("ct", TASK), ("mr", BARE), ("contrast", "Triton, request body")):
        with pytest.raises(InvalidRequest, match="no such route"):
            _open(task, (name,), 8)
    with pytest.raises(InvalidRequest, match="at least 5 slices"):
        _open("contrast", (BARE,), 4)
