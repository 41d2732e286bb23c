"""What it takes to measure the gateway with Triton's perf_analyzer, and what that does not see.

perf_analyzer's ``--service-kind dynamic_grpc`` sends messages that it does not understand to any
bidirectional method. It takes them from a JSON file: the input ``message_generator`` of every entry is the
base64 of all messages of a stream, each behind its length as a 32-bit little-endian integer.
"""

from __future__ import annotations

import base64
import json
import shlex
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path

from recon.bench.routes.requests import messages_of
from recon.errors import OutputFailed
from recon.tasks.base import Task
from recon.wire.calls import path_of

BLIND_SPOTS = """\
# Measuring the gateway with perf_analyzer

`sh run.sh` after `pip install perf-analyzer` (2.59.1; needs glibc 2.38 or later: on older systems pip
installs a placeholder of 2 kB, version 0.1.0, which measures nothing). `messages.json` holds the requests,
written by `recon bench kit`.

What it does not see, from the source of its dynamic gRPC client:

- **Errors.** It reads until the stream ends and never looks at the status it ended with. Answers of NOT_FOUND
  are fast requests; twenty of them are reported as twenty requests of 1 ms. Check the gateway's log or
  metrics beside it.
- **Answers.** It neither parses nor compares what comes back: missing slices and wrong pixels count as right.
- **The schedule.** Latency counts from the moment of sending. With `--request-rate-range` a request that its
  threads are not free to send is sent later, and the wait is not in its latency: where callers wait 7 s it
  reports 0.8 s. `--max-threads` bounds how many are in flight.
- **Encryption.** TLS options are accepted and the connection is in the clear.
- **Streams.** It sends the whole series before it reads, so the time to the first image is not that of a
  scanner, and series that do not fit into the gateway's flow control window can't be measured.

`recon bench serve` measures all of these; perf_analyzer is a second opinion on its closed-loop medians.
"""


def framed(messages: Iterable[bytes]) -> bytes:
    """Each message behind its length."""
    return b"".join(struct.pack("<I", len(message)) + message for message in messages)


def unframed(data: bytes) -> Iterator[bytes]:
    """The messages again, as perf_analyzer reads them."""
    position = 0
    while position < len(data):
        (length,) = struct.unpack_from("<I", data, position)
        yield data[position + 4 : position + 4 + length]
        position += 4 + length


def command(address: str, task: Task, concurrency: str = "1:4:1") -> list[str]:
    """The exact command, to be run in the kit's folder."""
    method = path_of(task.method).strip("/")
    return [
        "perf_analyzer",
        "-m",
        task.name,
        "--service-kind",
        "dynamic_grpc",
        "--grpc-method",
        method,
        "--streaming",
        "-u",
        address,
        "-i",
        "grpc",
        "--input-data",
        "messages.json",
        "--concurrency-range",
        concurrency,
        "--measurement-mode",
        "count_windows",
        "--measurement-request-count",
        "64",
        "--percentile",
        "90",
        "--warmup-request-count",
        "8",
        "--profile-export-file",
        "profile.json",
    ]


def write_kit(folder: Path, address: str, task: Task, model: str = "", items: int = 4, slices: int = 1) -> None:
    """Write ``messages.json``, ``run.sh`` and ``README.md``.

    Parameters
    ----------
    folder
        Is made.
    address
        Of the gateway.
    task
        Whose model is measured.
    model
        By default the service chooses.
    items, slices
        Different inputs, and slices of each.

    Raises
    ------
    OutputFailed
        When it can't be written.
    """
    data = []
    for item in range(items):
        stream = framed(request.SerializeToString() for request in messages_of(task.name, item, slices, model))
        data.append({"message_generator": {"b64": base64.b64encode(stream).decode()}})
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "messages.json").write_text(json.dumps({"data": data}))
        (folder / "run.sh").write_text(
            f'#!/bin/sh\ncd "$(dirname "$0")" && exec {shlex.join(command(address, task))}\n'
        )
        (folder / "README.md").write_text(BLIND_SPOTS)
    except OSError as error:
        raise OutputFailed(f"can't write {folder}: {error.strerror}") from error
