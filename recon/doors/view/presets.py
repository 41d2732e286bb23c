"""Windows and thresholds that readers begin with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recon.tasks.registry import tasks
from recon.volumes import FloatImage, Unit


@dataclass(frozen=True)
class Window:
    """What is black and what is white."""

    name: str
    low: float
    high: float


@dataclass(frozen=True)
class Display:
    """How images of a kind are shown at first.

    Attributes
    ----------
    unit
        Of the values; empty where they are relative.
    windows
        The first is taken until the reader takes another.
    difference
        The change that is drawn in the strongest colour.
    threshold, widest
        Half-width that the map begins at, and the one that is drawn in the strongest colour.
    """

    unit: str
    windows: tuple[Window, ...]
    difference: float
    threshold: float
    widest: float


_HOUNSFIELD = Display(
    Unit.HU.value,
    (
        Window("soft tissue", -160, 240),
        Window("liver", 20, 180),
        Window("brain", 0, 80),
        Window("lung", -1350, 150),
        Window("bone", -500, 1500),
        Window("everything", -1024, 3071),
    ),
    60.0,
    20.0,
    60.0,
)


def is_relative(task: str) -> bool:
    """Whether the brightness of a task's images means nothing by itself; so does that of a task that is not here."""
    known = tasks().get(task)
    return known is None or known.unit is Unit.ARBITRARY


def display_of(task: str, image: FloatImage | None, half_width: FloatImage | None) -> Display:
    """Presets of a task; where brightness is relative, those of one of its slices.

    Parameters
    ----------
    task
        Name of the task.
    image, half_width
        (row, column) of one slice, with NaN where nothing is known; None where there is none.
    """
    if not is_relative(task):
        return _HOUNSFIELD
    there = _finite(image)
    found = np.percentile(there, (0, 1, 25, 99.5, 100)) if there.size else np.array([0.0, 0.0, 0.0, 1.0, 1.0])
    least, black, grey, white, most = (float(value) for value in found)
    span = white - black or 1.0
    windows = (
        Window("automatic", black, black + span),
        Window("dark tissue", black, black + span / 2),
        Window("bright tissue", grey, max(white, grey + span / 4)),
        Window("everything", least, max(most, least + span)),
    )
    widths = _finite(half_width)
    widths = widths[widths > 0]
    threshold = float(np.percentile(widths, 95)) if widths.size else 0.05 * span
    widest = max(float(np.percentile(widths, 99.8)) if widths.size else 0.15 * span, 1.2 * threshold)
    return Display("", windows, span / 4, threshold, widest)


def _finite(image: FloatImage | None) -> FloatImage:
    return np.zeros(0, np.float32) if image is None else image[np.isfinite(image)]
