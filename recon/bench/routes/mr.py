"""MR: the gateway alone, through the SDK; what it adds to the network is known to the service alone."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from recon.bench.inputs import mr_kspace
from recon.bench.observation import OK, Reply
from recon.bench.routes.opened import GATEWAY, Routes, require_known
from recon.client import Client

MR_ROUTES = (GATEWAY,)


class ClientRoute:
    """The SDK, for tasks without a route of their own; every request has a thread of its own."""

    def __init__(self, series: Callable[[int, int], Iterable[Any]]) -> None:
        self._series = series

    async def __call__(self, item: int, slices: int) -> Reply:
        """Iterate over the series."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Reply] = loop.create_future()

        def give(reply: Reply | None, error: Exception | None) -> None:
            if not future.done():
                future.set_exception(error) if error else future.set_result(reply)  # type: ignore[arg-type]

        def run() -> None:
            try:
                reply, error = self._read(item, slices), None
            except Exception as failure:
                reply, error = None, failure
            loop.call_soon_threadsafe(give, reply, error)

        threading.Thread(target=run, daemon=True).start()
        return await future

    def _read(self, item: int, slices: int) -> Reply:
        results, first = [], None
        for result in self._series(item, slices):
            first = first or time.monotonic()
            results.append(result)
        done = time.monotonic()
        ordered = [result.index for result in results] == list(range(len(results)))
        pixels = [part.tobytes() for result in results for part in (result.image, result.uncertainty)]
        return Reply(len(results), pixels, first, done, OK if ordered else "OUT_OF_ORDER")


@asynccontextmanager
async def mr_routes(
    address: str, model: str, names: Iterable[str], others: dict[str, str], slices: int = 1
) -> AsyncIterator[Routes]:
    """Open routes to an MR model.

    Parameters
    ----------
    address
        Of the gateway, HOST:PORT.
    model
        Or method.
    names
        Of :data:`MR_ROUTES`.
    others
        More gateways to measure in the same run, address by name.
    slices
        Of a request.
    """
    require_known(names, MR_ROUTES)
    async with AsyncExitStack() as stack:
        opened = Routes()
        for name, target in {GATEWAY: address, **others}.items():
            client = stack.enter_context(Client(target))
            opened.routes[name] = ClientRoute(
                lambda item, slices, client=client: client.reconstruct_mr(mr_kspace(item, slices), model=model)  # type: ignore[misc]
            )
        yield opened
