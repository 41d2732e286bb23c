"""A whole task in one process."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from recon.bench.observation import OK
from recon.bench.routes.task import TaskRoute
from recon.client.local import Local
from recon.tasks.contrast.sample import contrast_pair


@pytest.mark.long
def test_the_task_in_one_process_enhances_the_lesion(here: Local) -> None:
    pre, low = contrast_pair(0, 5)
    whole = TaskRoute(here, "contrast", "contrast_enhance")
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
