"""Triton's own log, as far as it is passed on."""

from __future__ import annotations

import asyncio
import os

import structlog

log = structlog.get_logger()

#: What Triton takes for an error at every start without a GPU.
_NO_GPU = b"CudaDriverHelper has not been initialized"


async def forward(descriptor: int, keep: int = 5) -> list[str]:
    """Pass Triton's errors on to our log until it ends; return the last of them."""
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(descriptor, "rb", 0)
    )
    tail: list[str] = []
    try:
        while line := await _line(reader):
            if line[:1] in b"EF" and _NO_GPU not in line:
                text = line.decode(errors="replace").strip()
                tail = [*tail, text][-keep:]
                log.warning("triton_log", line=text)
    finally:
        transport.close()
    return tail


async def _line(reader: asyncio.StreamReader) -> bytes:
    """The next line; one that is longer than the reader's limit comes back empty of content."""
    try:
        return await reader.readline()
    except ValueError:
        return b"\n"
