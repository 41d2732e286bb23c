"""The measures of all methods as one picture: a panel for each kind, a colour for each method."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

#: Of each method, its measures by name.
Methods: TypeAlias = Mapping[str, Mapping[str, Mapping[str, Any]]]


@dataclass(frozen=True)
class _Panel:
    """What is drawn together: measures whose names start alike."""

    start: str
    words: str
    #: What is best; None where nothing is.
    best: float | None = 1.0
    top: float | None = 1.15


_PANELS = (
    _Panel("sharpness at ", "TTF50 over the input's"),
    _Panel("kept, ", "contrast kept: median, 10th to 90th percentile"),
    _Panel("found, ", "lesions found at the same share of false positives"),
    _Panel("resolved, ", "two points told from one, AUC"),
    _Panel("volume, ", "volume above half of the maximum over the true one", top=None),
    _Panel("bias, ", "mean difference to the full dose, HU", best=0.0, top=None),
    _Panel("interval, ", "coverage inside lesions (cross: same pixels without)"),
)
_WIDTH_IN, _HEIGHT_IN = 13.0, 3.2
#: Lesions that a row of panels has room for, and that the narrowest panel takes the room of.
_ROOM, _LEAST = 14, 4
#: Characters of a title that an inch has room for.
_CHARACTERS_AN_INCH = 10
#: Of the distance of two lesions, what the methods of one take.
_SPREAD = 0.64


def plots(methods: Methods) -> bytes:
    """A PNG of them."""
    rows = _rows(methods)
    figure = plt.figure(figsize=(_WIDTH_IN, _HEIGHT_IN * len(rows) + 0.5), layout="constrained")
    parts = figure.subfigures(len(rows), 1, squeeze=False)[:, 0]
    axes: list[Axes] = []
    for part, row in zip(parts, rows, strict=True):
        shares = [_room(methods, panel) for panel in row]
        drawn = part.subplots(1, len(row), width_ratios=shares, squeeze=False)[0]
        for axis, panel, share in zip(drawn, row, shares, strict=True):
            words = _draw(axis, panel, methods)
            width_in = _WIDTH_IN * share / sum(shares)
            axis.set_title(textwrap.fill(words, int(_CHARACTERS_AN_INCH * width_in)), fontsize=10)
        axes += list(drawn)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=8, fontsize=9, frameon=False)
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=90)
    plt.close(figure)
    return buffer.getvalue()


def _names(methods: Methods, panel: _Panel) -> list[str]:
    """What the measures of a panel are of, in the order in which methods have them."""
    found = (name for measures in methods.values() for name in measures if name.startswith(panel.start))
    return [name.removeprefix(panel.start) for name in dict.fromkeys(found)]


def _room(methods: Methods, panel: _Panel) -> int:
    """Lesions that it takes the room of; 0 where there is nothing to draw."""
    count = len(_names(methods, panel))
    return max(_LEAST, count) if count else 0


def _rows(methods: Methods) -> list[list[_Panel]]:
    """Panels that fit beside each other."""
    rows: list[list[_Panel]] = []
    left = 0
    for panel in _PANELS:
        count = _room(methods, panel)
        if not count:
            continue
        if count > left:
            rows.append([])
            left = _ROOM
        rows[-1].append(panel)
        left -= count
    return rows


def _draw(axis: Axes, panel: _Panel, methods: Methods) -> str:
    """Returns what is drawn."""
    names = _names(methods, panel)
    step = _SPREAD / max(1, len(methods) - 1)
    for number, (method, measures) in enumerate(methods.items()):
        offset = number * step - _SPREAD / 2 if len(methods) > 1 else 0.0
        entries = {place: measures.get(panel.start + name) for place, name in enumerate(names)}
        known = {place + offset: entry for place, entry in entries.items() if entry and entry["value"] is not None}
        values = [entry.get("signed", entry["value"]) for entry in known.values()]
        drawn = axis.plot(list(known), values, "o", markersize=5, label=method)
        colour = drawn[0].get_color()
        for place, entry in known.items():
            if "p10" in entry:
                axis.plot([place, place], [entry["p10"], entry["p90"]], color=colour, linewidth=1.2)
            if "without" in entry:
                axis.plot(place, entry["without"], "x", color=colour, markersize=5)
    if panel.best is not None:
        axis.axhline(panel.best, color="#999", linewidth=0.8)
    asked = (measures.get(panel.start + name) for measures in methods.values() for name in names)
    limits = {entry["passes"] for entry in asked if entry and entry["passes"] is not None}
    for limit in limits:
        for bound in {limit, -limit} if panel.best == 0 else {limit}:
            axis.axhline(bound, color="#3a8f4d", linewidth=0.8, linestyle="--")
    for between in range(1, len(names)):
        axis.axvline(between - 0.5, color="#eee", linewidth=0.8, zorder=0)
    axis.set_xticks(range(len(names)), [_short(name) for name in names], fontsize=8)
    axis.set_xlim(-0.5, len(names) - 0.5)
    if panel.top is not None:
        axis.set_ylim(0, panel.top)
    axis.tick_params(axis="y", labelsize=8)
    return panel.words + ("; dashed: passes" if limits else "")


def _short(name: str) -> str:
    for words in (" lesion of", " plaque of"):
        name = name.replace(words, "\n")
    return name.replace("vessel of ", "vessel\n")
