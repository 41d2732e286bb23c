"""Input that a load generator makes itself, and how its images are compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

#: How many slices take turns in a series.
DIFFERENT = 8


@dataclass(frozen=True)
class Extent:
    """How large a sample is to be, where its task does not choose.

    Attributes
    ----------
    matrix
        Rows and columns of a slice.
    coils
        Of k-space.
    """

    matrix: int | None = None
    coils: int | None = None


@dataclass(frozen=True)
class Sample:
    """What one request asks for.

    Attributes
    ----------
    inputs
        As :meth:`recon.tasks.base.Task.series` takes them.
    words
        What is sent, for a person: ``"512 x 512"``.
    scale, unit
        What differences between two images are counted in, and its name.
    most_difference
        Above it two ways to the same image disagree.
    options
        Of the task; without probes, so that every way runs the model once a slice.
    """

    inputs: tuple[Any, ...]
    words: str
    scale: float
    unit: str
    most_difference: float
    options: Mapping[str, Any] = field(default_factory=dict)


def series_items(item: int, slices: int) -> list[int]:
    """Which slices make up a series: the one asked for, then others, so that none can be answered by repetition."""
    return [item if index == 0 else (item + index) % DIFFERENT for index in range(slices)]
