"""Opens the ways to a model's images that are compared, whatever its task."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

import grpc
import numpy as np

from recon.bench.routes.gateway import DEADLINE_S, OPTIONS, GatewayRoute
from recon.bench.routes.network import BareRuntime, local_model, served
from recon.bench.routes.opened import BARE, BODY, GATEWAY, SHARED, TASK, Agreement, Routes, require_known
from recon.bench.routes.requests import given_of, messages_of, series_of, works_of
from recon.bench.routes.task import TaskRoute
from recon.bench.routes.triton import open_triton
from recon.client import Client
from recon.client.local import Local
from recon.engine.host import runs_here
from recon.tasks.registry import task_of
from recon.wire.calls import stream_call


def routes_of(model: str) -> tuple[str, ...]:
    """Every route to a model; one that runs on Triton only has none in this process."""
    return (BARE, BODY, SHARED, TASK, GATEWAY) if runs_here(served(model)) else (BODY, SHARED, GATEWAY)


def gateway_route(channel: grpc.aio.Channel, task: str, model: str = "") -> GatewayRoute:
    """The gateway behind a channel."""

    def requests(item: int, slices: int) -> Iterable[object]:
        return messages_of(task, item, slices, model)

    return GatewayRoute(stream_call(channel, task_of(task).method), requests)


@asynccontextmanager
async def open_routes(
    task: str,
    address: str,
    model: str,
    names: Iterable[str],
    others: dict[str, str],
    slices: int,
    tuning: Sequence[Path] = (),
) -> AsyncIterator[Routes]:
    """Open routes to a model.

    Parameters
    ----------
    task
        Name of the task.
    address
        Of the gateway, HOST:PORT.
    model
        In the repository.
    names
        Of :func:`routes_of`.
    others
        More gateways to measure in the same run, address by name.
    slices
        Of a request.
    tuning
        Records of how models run here, which the gateway has, too.

    Raises
    ------
    InvalidRequest
        When the model has no such route, or the task no such input.
    """
    wanted, known = require_known(names, routes_of(model)), served(model)
    sample = task_of(task).sample(0, slices)
    opened = Routes(prepare=lambda item: messages_of(task, item, slices, model))
    async with AsyncExitStack() as stack:
        if BARE in wanted:
            bare = BareRuntime(local_model(known), lambda item, count: given_of(task, item, count, known), slices)
            stack.callback(bare.close)
            opened.routes[BARE] = bare
            opened.notes |= bare.notes
        if wanted & {BODY, SHARED}:
            works = partial(works_of, task, model=known)
            await open_triton(opened, stack, known, wanted, works, tuning)
        if wanted & {BARE, TASK}:
            whole = TaskRoute(stack.enter_context(Local()), task, model)
            stack.callback(whole.close)
            if TASK in wanted:
                opened.routes[TASK] = whole
            difference = partial(_difference, whole, task, model, slices, sample.scale)
            opened.agreement = Agreement(difference, sample.most_difference, sample.unit)
        gateways = {GATEWAY: address} if GATEWAY in wanted else {}
        for name, target in {**gateways, **others}.items():
            channel = await stack.enter_async_context(grpc.aio.insecure_channel(target, OPTIONS))
            opened.routes[name] = gateway_route(channel, task, model)
        yield opened


async def _difference(
    whole: TaskRoute, task: str, model: str, slices: int, scale: float, address: str, item: int
) -> float:
    """Between the gateway's images and those that the task makes in this process."""

    def ask() -> float:
        with Client(address) as client:
            theirs = list(client.send(task, series_of(task, item, slices, model), DEADLINE_S))
        pairs = zip(theirs, whole.images(item, slices), strict=True)
        return max(float(np.abs(one.image - other.image).max()) for one, other in pairs) / scale

    return await asyncio.to_thread(ask)
