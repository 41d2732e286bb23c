"""Shared-memory segments that hold one request's tensors, inputs first, outputs behind them."""

from __future__ import annotations

import itertools
import mmap
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from recon.tasks.base import TensorSpec

_counter = itertools.count()
_ALIGNMENT = 64


@dataclass(frozen=True)
class Ready:
    """A request as it was last made in a segment.

    Attributes
    ----------
    key
        What it is the request of.
    message
        Encoded.
    inputs, outputs
        Arrays in the segment.
    """

    key: object
    message: bytes
    inputs: Mapping[str, npt.NDArray[Any]]
    outputs: Mapping[str, npt.NDArray[Any]]


@dataclass(eq=False)
class Slot:
    """One segment. Its name is gone from the file system as soon as Triton has mapped it.

    Attributes
    ----------
    region
        Name under which Triton knows it.
    path
        Where its name is, in the folder that is Triton's ``/dev/shm``.
    size
        Bytes.
    memory
        The mapping.
    generation
        Of the Triton process that it is registered with.
    ready
        The last request in it.
    """

    region: str
    path: Path
    size: int
    memory: mmap.mmap
    generation: int
    ready: Ready | None = None

    def view(self, offset: int, spec: TensorSpec) -> npt.NDArray[Any]:
        """Array in the segment."""
        count = int(np.prod(spec.shape, dtype=np.int64))
        return np.frombuffer(self.memory, spec.dtype, count, offset).reshape(spec.shape)

    def unlink(self) -> None:
        """Remove the name; mappings stay."""
        self.path.unlink(missing_ok=True)


def layout(*groups: Mapping[str, TensorSpec]) -> tuple[dict[str, int], int]:
    """Offset of every tensor, aligned to cache lines, and the size of the whole."""
    offsets, size = {}, 0
    for group in groups:
        for name, spec in group.items():
            offsets[name] = size
            size += spec.nbytes + -spec.nbytes % _ALIGNMENT
    return offsets, max(size, _ALIGNMENT)


def create_slot(folder: Path, prefix: str, size: int, generation: int) -> Slot:
    """Make a segment that only this user can open."""
    name = f"{prefix}_slot{next(_counter)}"
    descriptor = os.open(folder / name, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
    try:
        os.posix_fallocate(descriptor, 0, size)
        memory = mmap.mmap(descriptor, size)
    except OSError:
        (folder / name).unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)
    return Slot(name, folder / name, size, memory, generation)
