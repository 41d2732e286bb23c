"""The ways to the images that are compared, task by task: network, Triton, gateway.

The only part of the benchmark that knows the wire and Triton's client.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager

from recon.bench.routes.contrast import CONTRAST_ROUTES, contrast_routes
from recon.bench.routes.ct import CT_ROUTES, ct_routes
from recon.bench.routes.mr import MR_ROUTES, mr_routes
from recon.bench.routes.opened import BARE, BODY, GATEWAY, SHARED, TASK, Agreement, Routes

__all__ = ["BARE", "BODY", "GATEWAY", "ROUTES", "SHARED", "TASK", "Agreement", "Routes", "open_routes"]

#: What each task has.
ROUTES = {"ct": CT_ROUTES, "mr": MR_ROUTES, "contrast": CONTRAST_ROUTES}


def open_routes(
    task: str, address: str, model: str, names: Iterable[str], others: dict[str, str], slices: int
) -> AbstractAsyncContextManager[Routes]:
    """Open routes to a model.

    Parameters
    ----------
    task
        Of :data:`ROUTES`.
    address
        Of the gateway, HOST:PORT.
    model
        In the repository.
    names
        Of the task's routes.
    others
        More gateways to measure in the same run, address by name.
    slices
        Of a request.
    """
    opening = {"ct": ct_routes, "mr": mr_routes, "contrast": contrast_routes}[task]
    return opening(address, model, names, others, slices)
