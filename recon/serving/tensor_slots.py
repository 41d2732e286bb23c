"""Shared-memory segments that hold one request's tensors, input first, output behind it."""

from __future__ import annotations

import itertools
import mmap
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recon.volumes import FloatImage

_counter = itertools.count()


@dataclass
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
    """

    region: str
    path: Path
    size: int
    memory: mmap.mmap
    generation: int

    def view(self, offset: int, shape: tuple[int, ...]) -> FloatImage:
        """Float32 array in the segment."""
        count = int(np.prod(shape))
        return np.frombuffer(self.memory, np.float32, count, offset).reshape(shape)

    def unlink(self) -> None:
        """Remove the name; mappings stay."""
        self.path.unlink(missing_ok=True)


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
