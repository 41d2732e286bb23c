"""Readouts of a slice as messages, and messages as readouts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from recon.errors import InvalidRequest
from recon.v1 import mr_pb2
from recon.values.readouts import ReadoutPart, Readouts
from recon.volumes import ComplexImage, FloatImage
from recon.wire.messages import CHUNK_BYTES, PIECE_BYTES


def messages_of(index: int, readouts: Readouts) -> Iterator[mr_pb2.Readouts]:
    """The measured readouts of slice ``index``, as many in a message as fit."""
    _, coils, samples = readouts.samples.shape
    measured = np.flatnonzero(readouts.mask.any(axis=1))
    once = bool((readouts.counts[measured] == 1).all())
    most = max(1, PIECE_BYTES // ((8 * coils + 10) * samples))
    for start in range(0, max(1, len(measured)), most):
        some = measured[start : start + most]
        run = len(some) and some[-1] - some[0] == len(some) - 1
        at = slice(some[0], some[-1] + 1) if run else some  # neighbours need no copy
        yield mr_pb2.Readouts(
            slice_index=index,
            lines=some.tolist(),
            data=np.ascontiguousarray(readouts.samples[at], "<c8").tobytes(),
            last_in_slice=start + most >= len(measured),
            trajectory=b"" if readouts.trajectory is None else readouts.trajectory[at].astype("<f4").tobytes(),
            counts=b"" if once else readouts.counts[at].astype("<u2").tobytes(),
        )


def messages_of_parts(index: int, parts: Iterable[ReadoutPart]) -> Iterator[mr_pb2.Readouts]:
    """Readouts of slice ``index`` as they come, each part at once; the last message only says that it was the last."""
    for part in parts:
        _, coils, samples = part.values.shape
        most = max(1, PIECE_BYTES // ((8 * coils + 10) * samples))
        for start in range(0, len(part.lines), most):
            some = slice(start, start + most)
            yield mr_pb2.Readouts(
                slice_index=index,
                lines=part.lines[some].tolist(),
                data=b"".join(np.ascontiguousarray(line, "<c8").data for line in part.values[some]),
                counts=b"" if part.counts is None else part.counts[some].astype("<u2").tobytes(),
                trajectory=b"" if part.paths is None else part.paths[some].astype("<f4").tobytes(),
            )
    yield mr_pb2.Readouts(slice_index=index, last_in_slice=True)


def part_of(message: mr_pb2.Readouts, coils: int, samples: int, *, curved: bool) -> ReadoutPart:
    """The readouts of a message.

    Parameters
    ----------
    message
        As it came.
    coils, samples
        That the header announced.
    curved
        Whether each readout must bring its trajectory.

    Raises
    ------
    InvalidRequest
        When a field has another size than the header says, or the trajectory leaves k-space.
    """
    where = f"readouts of slice {message.slice_index}"
    values = _values(message, len(message.lines), coils, samples, where)  # first: it bounds how many there may be
    lines = np.array(message.lines, np.int64)
    counts = None
    if message.counts:
        if len(message.counts) != 2 * len(lines) * samples:
            raise InvalidRequest(
                f"{where}: {len(message.counts)} bytes of counts; {len(lines)} readouts of {samples} samples need "
                f"{2 * len(lines) * samples}",
                field="readouts.counts",
            )
        counts = np.frombuffer(message.counts, "<u2").reshape(len(lines), samples)
    return ReadoutPart(lines, values, counts, _paths(message, len(lines), samples, where, curved=curved))


def _values(message: mr_pb2.Readouts, count: int, coils: int, samples: int, where: str) -> ComplexImage:
    data = message.data  # a copy each time
    size = len(data)
    if size > CHUNK_BYTES + 8 * coils * samples:
        raise InvalidRequest(f"{where}: {size} bytes; at most 4 MiB a message", field="readouts.data")
    if size != 8 * count * coils * samples:
        found = size / (8 * count * samples) if count else 0.0
        words = f"{found:g} coils" if found == int(found) and count else f"{size} bytes"
        raise InvalidRequest(
            f"{where}: {count} readouts with {words}; the header says {coils} coils of {samples} samples",
            field="readouts.data",
        )
    return np.frombuffer(data, "<c8").reshape(count, coils, samples)


def _paths(message: mr_pb2.Readouts, count: int, samples: int, where: str, *, curved: bool) -> FloatImage | None:
    size = len(message.trajectory)
    if not curved:
        if size:
            raise InvalidRequest(f"{where}: a trajectory, and the header says Cartesian", field="readouts.trajectory")
        return None
    if size != 8 * count * samples:
        raise InvalidRequest(
            f"{where}: {size} bytes of trajectory; {count} readouts of {samples} samples need {8 * count * samples}",
            field="readouts.trajectory",
        )
    paths = np.frombuffer(message.trajectory, "<f4").reshape(count, samples, 2)
    if not bool((np.abs(paths) <= 0.5).all()):
        raise InvalidRequest(
            f"{where}: the trajectory leaves -0.5 to 0.5 cycles per pixel, or is no number",
            field="readouts.trajectory",
        )
    return paths
