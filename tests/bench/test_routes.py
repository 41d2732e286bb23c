"""What the routes send is what the tasks take, and the network in this process does what the service does."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator

import numpy as np
import pytest

from recon.bench.observation import OK
from recon.bench.routes import BARE, BODY, GATEWAY, SHARED, TASK, open_routes, routes_of
from recon.bench.routes.network import default_model, local_model, served
from recon.bench.routes.requests import given_of, messages_of, tensors_of, works_of
from recon.bench.routes.task import TaskRoute
from recon.client.local import Local
from recon.errors import InvalidRequest
from recon.quality.verdict import Verdict
from recon.tasks.contrast.sample import contrast_pair
from recon.tasks.contrast.slices import AlignedPair
from recon.tasks.ct.sample import ct_slice
from recon.tasks.registry import task_of, tasks
from recon.tasks.sample import Extent


@pytest.fixture(scope="module")
def here() -> Iterator[Local]:
    with Local() as local:
        yield local


def test_the_pairs_are_good_ones_and_all_different() -> None:
    for item in (0, 1, 105):
        pre, low = contrast_pair(item, 5)
        found = AlignedPair.of(pre, low, 0.1)
        assert not [check.name for check in found.checks if check.outcome is Verdict.REJECT]
    assert not np.array_equal(contrast_pair(0, 5)[0].values, contrast_pair(8, 5)[0].values)


@pytest.mark.parametrize("task", sorted(tasks()))
def test_the_messages_are_a_whole_input(task: str) -> None:
    header, *rest = messages_of(task, 0, 5)
    session = task_of(task).open(header.header, served(default_model(task)).facts)
    for message in rest:
        assert not session.is_complete
        list(session.add(message))
    assert session.is_complete


def test_the_network_sees_what_the_service_gives_it() -> None:
    (first, second) = tensors_of("ct", 3, 2, served("ct_denoise"))
    np.testing.assert_array_equal(first["hu"][0, 0], ct_slice(3).clip(-1024, 3071))
    assert not np.array_equal(first["hu"], second["hu"])


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


def test_a_model_that_is_more_than_a_network_answers_here_as_in_the_task(here: Local) -> None:
    """The function alone makes the image that the whole task makes of it."""
    model = served("sense")
    run = local_model(model)
    ((tensors, parameters),) = given_of("mr", 0, 1, model)
    real, imaginary, *_ = run(tensors, parameters)[0]
    whole = TaskRoute(here, "mr", "sense")
    (image,) = [finished.image for finished in whole.images(0, 1)]
    whole.close()
    made = np.hypot(real, imaginary)
    # the task scales what it gives the model
    np.testing.assert_allclose(made * (image.max() / made.max()), image, atol=1e-3 * image.max())
    assert run.notes == {
        "bare_runtime": "the function of mr_classical that answers inside Triton, called in this process"
    }


def test_slices_of_a_stack_of_k_space_differ() -> None:
    first, second = (work.inputs for work in works_of("mr", 0, 2, served("sense")))
    assert first.keys() == second.keys()
    one, other = tensors_of("mr", 0, 2, served("sense"))
    assert not np.array_equal(one["kspace"], other["kspace"])


def test_a_sample_has_the_extent_that_is_asked_for() -> None:
    (kspace,) = task_of("mr").sample(0, 300, Extent(320, 16)).inputs
    assert (kspace.slices, kspace.coils, kspace.image_shape) == (300, 16, (320, 320))
    assert task_of("ct").sample(0, 2, Extent(64)).inputs[0].values.shape == (2, 64, 64)
    assert task_of("contrast").sample(0, 5, Extent(64)).inputs[1].values.shape == (5, 64, 64)
    for task in ("ct", "contrast"):
        with pytest.raises(InvalidRequest, match="no coils"):
            task_of(task).sample(0, 5, Extent(coils=4))


def _open(task: str, model: str, names: Iterable[str], slices: int) -> list[str]:
    async def run() -> list[str]:
        async with open_routes(task, "127.0.0.1:1", model, names, {}, slices) as opened:
            return list(opened.routes)

    return asyncio.run(run())


def test_routes_are_those_of_the_model() -> None:
    for model in ("ct_denoise", "contrast_enhance", "sense", "mr_unrolled"):
        assert routes_of(model) == (BARE, BODY, SHARED, TASK, GATEWAY)
    assert _open("contrast", "contrast_enhance", (BARE, TASK, GATEWAY), 5) == [BARE, TASK, GATEWAY]
    assert _open("ct", "ct_denoise_light", (BARE, GATEWAY), 1) == [BARE, GATEWAY]
    assert _open("mr", "sense", (BARE, TASK, GATEWAY), 1) == [BARE, TASK, GATEWAY]


def test_what_can_not_be_measured_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="no such route"):
        _open("mr", "sense", ("nonsense",), 8)
    with pytest.raises(InvalidRequest, match="holds no model nonsense"):
        _open("ct", "nonsense", (GATEWAY,), 8)
    with pytest.raises(InvalidRequest, match="at least 5 slices"):
        _open("contrast", "contrast_enhance", (BARE,), 4)
