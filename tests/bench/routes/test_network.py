"""A network alone sees and answers what the service has of it."""

from __future__ import annotations

import numpy as np

from recon.bench.routes.network import local_model, served
from recon.bench.routes.requests import given_of, tensors_of, works_of
from recon.bench.routes.task import TaskRoute
from recon.client.local import Local
from recon.tasks.ct.sample import ct_slice


def test_the_network_sees_what_the_service_gives_it() -> None:
    (first, second) = tensors_of("ct", 3, 2, served("ct_denoise"))
    np.testing.assert_array_equal(first["hu"][0, 0], ct_slice(3).clip(-1024, 3071))
    assert not np.array_equal(first["hu"], second["hu"])


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
