"""The messages as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from recon.doors.mrd.wire.layout import ACQUISITION_HEAD, IMAGE_HEAD, PIXEL_NUMBERS
from recon.volumes import ComplexImage, FloatImage


@dataclass(frozen=True)
class ConfigFile:
    """Name of the configuration that the server is to use."""

    name: str


@dataclass(frozen=True)
class ConfigText:
    """The configuration itself."""

    text: str


@dataclass(frozen=True)
class Header:
    """The scan's header."""

    xml: bytes


@dataclass(frozen=True)
class Text:
    """Words for the log, or parameters as JSON."""

    text: str


@dataclass(frozen=True)
class Close:
    """Nothing more will come."""


@dataclass(frozen=True)
class Block:
    """Acquisitions of one size that came in a row.

    Attributes
    ----------
    heads
        (n,) as the format lays them out (``layout.ACQUISITION_HEAD``).
    samples
        (n, coils, samples) complex64.
    trajectories
        (n, samples, dimensions) float32; None where they have none.
    """

    heads: Any
    samples: npt.NDArray[np.complex64]
    trajectories: npt.NDArray[np.float32] | None = None

    @classmethod
    def of_one(cls, head: Any, samples: ComplexImage, trajectory: FloatImage | None = None) -> Block:
        """A single acquisition: samples (coils, samples), trajectory (samples, dimensions)."""
        heads = np.array([head], ACQUISITION_HEAD)
        return cls(heads, samples[None], None if trajectory is None else trajectory[None])

    @classmethod
    def joined(cls, blocks: list[Block]) -> Block:
        """Several of one size as one; a single one is not copied."""
        if len(blocks) == 1:
            return blocks[0]
        paths = [block.trajectories for block in blocks if block.trajectories is not None]
        return cls(
            np.concatenate([block.heads for block in blocks]),
            np.concatenate([block.samples for block in blocks]),
            np.concatenate(paths) if paths else None,
        )

    def __len__(self) -> int:
        return len(self.heads)

    def __getitem__(self, some: slice) -> Block:
        paths = self.trajectories
        return Block(self.heads[some], self.samples[some], None if paths is None else paths[some])

    @property
    def nbytes(self) -> int:
        """What it holds."""
        return self.samples.nbytes + (0 if self.trajectories is None else self.trajectories.nbytes)

    def copy(self) -> Block:
        """With memory of its own, and not that of everything that came with it."""
        paths = self.trajectories
        return Block(self.heads.copy(), self.samples.copy(), None if paths is None else paths.copy())


@dataclass(frozen=True)
class Image:
    """One image.

    Attributes
    ----------
    head
        As the format lays it out (``layout.IMAGE_HEAD``).
    attributes
        XML; empty where there are none.
    values
        (channels, z, y, x).
    """

    head: Any
    attributes: str
    values: npt.NDArray[Any]

    @classmethod
    def of(cls, head: Any, attributes: str, values: npt.NDArray[Any]) -> Image:
        """An image whose head says what its values are; the other fields are taken from ``head``."""
        made = np.array(head, IMAGE_HEAD)
        channels, *matrix = values.shape
        made["version"], made["channels"] = 1, channels
        made["matrix_size"] = matrix[::-1]
        made["data_type"] = PIXEL_NUMBERS[values.dtype.newbyteorder("<")]
        made["attribute_string_len"] = len(attributes.encode())
        return cls(made[()], attributes, values)


@dataclass(frozen=True)
class Waveform:
    """A piece of a signal such as an ECG; values are (channels, samples)."""

    head: Any
    values: npt.NDArray[np.uint32]


@dataclass(frozen=True)
class NDArray:
    """Numbers of which nothing else is said."""

    values: npt.NDArray[Any]


Message: TypeAlias = ConfigFile | ConfigText | Header | Text | Close | Block | Image | Waveform | NDArray
