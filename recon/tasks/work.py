"""One slice on its way through a model: named tensors in, image, uncertainty and checks out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from recon.arrays import Array
from recon.quality.verdict import Check
from recon.tasks.probe import Probe
from recon.values.fixed_point import FixedPoint
from recon.volumes import FloatImage


@dataclass(frozen=True)
class TensorSpec:
    """Shape and sample type of one named tensor of a model.

    Complex inputs reach the model as real ones with another axis of length 2 behind them.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any] = field(default_factory=lambda: np.dtype(np.float32))

    @property
    def nbytes(self) -> int:
        """Size in bytes."""
        return int(np.prod(self.shape, dtype=np.int64)) * self.dtype.itemsize


@dataclass(frozen=True)
class FinishedSlice:
    """One slice's result.

    Attributes
    ----------
    image
        (y, x) float32 in the session's unit, or int16 where it has been rounded.
    uncertainty
        (y, x) float32, half the width of the 90 % interval, NaN where the method knows none; or fixed point. It
        may be a view of the model's outputs.
    checks
        Measured on the result.
    extra
        Further planes (y, x) float32 by the name of their ``Plane`` in ``common.proto``, such as
        ``"DETECTABILITY"``.
    """

    image: FloatImage | Array
    uncertainty: FloatImage | FixedPoint
    checks: list[Check]
    extra: Mapping[str, FloatImage] = field(default_factory=dict)


class SliceWork(ABC):
    """One slice on its way through the model; its methods are called once each, on any thread.

    Attributes
    ----------
    index
        Of the slice in the result, from 0.
    quick
        Whether all three take no longer than other streams can wait: then they run in the event loop.
    probed
        Whether known lesions are to be added to it, once it is finished.
    mapped
        Whether a picture of what they keep is part of the result, which then waits for it; all are of one kind.
    """

    index: int
    quick = False
    probed = False
    mapped = False

    @property
    @abstractmethod
    def inputs(self) -> Mapping[str, TensorSpec]:
        """The model's inputs by name."""

    @property
    @abstractmethod
    def outputs(self) -> Mapping[str, TensorSpec]:
        """The model's outputs by name."""

    @property
    def parameters(self) -> Mapping[str, str]:
        """Parameters of the request to the model."""
        return {}

    @abstractmethod
    def prepare(self, tensors: Mapping[str, Array]) -> None:
        """Fill the inputs, in place; raises ``UnusableData`` when the samples can't be used."""

    def judge_input(self) -> list[Check]:
        """What can be measured on the input alone; runs while the model does."""
        return []

    @abstractmethod
    def finish(self, tensors: Mapping[str, Array]) -> FinishedSlice:
        """Image, uncertainty and checks of the outputs, which are valid during this call only."""

    def probe(self) -> Probe | None:
        """Of a slice that is finished and ``probed``: itself with known lesions; None where it has no place for one."""
        return None
