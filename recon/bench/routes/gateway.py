"""The gateway over gRPC, whatever the task."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

from recon.bench.observation import OK, Reply

DEADLINE_S = 120.0
#: Of a slice on its way, as reports have them.
PARTS = ("receive", "prepare", "queue", "network", "finish", "send")
#: Of every channel to a gateway.
OPTIONS = [
    ("grpc.max_receive_message_length", 5 * 1024 * 1024),
    ("grpc.max_send_message_length", 5 * 1024 * 1024),
    ("grpc.http2.lookahead_bytes", 4 * 1024 * 1024),
    ("grpc.http2.max_frame_size", 1024 * 1024),
]


class GatewayRoute:
    """One stream a request; what comes back is counted and hashed as it came, and nothing is tried again.

    Parameters
    ----------
    call
        The task's method.
    requests
        Messages of an input as a series of so many slices.
    """

    def __init__(self, call: Any, requests: Callable[[int, int], Iterable[Any]]) -> None:
        self._call, self._requests = call, requests

    async def __call__(self, item: int, slices: int) -> Reply:
        """A series of its own."""
        pixels: list[bytes | memoryview] = []
        count, status, first = 0, "NO_REPORT", None
        timings: dict[str, float] = {}
        async for response in self._call(self._requests(item, slices), timeout=DEADLINE_S):
            part = response.WhichOneof("part")
            if part == "chunk":
                pixels.append(response.chunk.data)
            elif part == "slice":
                pixels.extend(plane.data for plane in response.slice.planes)
                first = first or time.monotonic()
                if response.slice.slice_index != count:
                    return Reply(count, pixels, first, time.monotonic(), "OUT_OF_ORDER")
                count += 1
            elif part == "report":
                status = OK
                timings = {name: getattr(response.report.timings, f"{name}_ms") for name in PARTS}
        return Reply(count, pixels, first, time.monotonic(), status, timings)
