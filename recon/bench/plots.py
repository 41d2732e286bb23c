"""Latency against load, and time against quality."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np

mpl.use("Agg")
from matplotlib import pyplot as plt

from recon.bench.words import cores

_COLOURS = ("#4d4d4d", "#0072b2", "#009e73", "#d55e00", "#cc79a7", "#e69f00")


def latency_against_load(record: Mapping[str, Any], path: Path) -> None:
    """Median and spread over blocks of latency: closed loop by callers, open loop by arrivals, throughput beside."""
    figure, axes = plt.subplots(1, 3, figsize=(15, 4.8), layout="constrained")
    routes = list(dict.fromkeys(cell["route"] for cell in record["cells"]))
    for number, route in enumerate(routes):
        colour = _COLOURS[number % len(_COLOURS)]
        for axis, kind in zip(axes[:2], ("closed", "open"), strict=True):
            cells = sorted((c for c in _of(record, route, kind) if c["valid"]), key=lambda c: c["value"])
            if not cells:
                continue
            blocks = [_block_medians(cell) for cell in cells]
            # side by side, so that equal routes can be told apart
            shift = 1 + 0.02 * (number - (len(routes) - 1) / 2)
            x = [cell["value"] * shift for cell in cells]
            middle = np.array([np.median(values) for values in blocks])
            low, high = (np.array([np.percentile(v, q) for v in blocks]) for q in (25, 75))
            axis.errorbar(
                x, middle, [middle - low, high - middle], color=colour, marker="o", ms=4, capsize=3, lw=1.2, label=route
            )
            bounds = [(v, c["latency_ms"]["p90"]) for v, c in zip(x, cells, strict=True)]
            p90 = [(v, b["value"]) for v, b in bounds if b["value"] is not None]
            if p90:
                axis.plot(*zip(*p90, strict=True), color=colour, ls=":", marker="^", ms=4)
    _bars(axes[2], record, routes)
    axes[0].set_xlabel("callers at a time (closed loop)")
    axes[1].set_xlabel("arrivals a second (open loop, Poisson)")
    axes[0].set_ylabel("latency, ms")
    axes[1].set_ylabel("latency from the scheduled moment, ms")
    for axis in axes[:2]:
        axis.set_ylim(bottom=0)
        axis.set_xlim(0, 1.1 * axis.get_xlim()[1])
        axis.grid(alpha=0.3)
    handles, labels = axes[0].get_legend_handles_labels()
    if handles:
        axes[0].legend(
            handles, labels, fontsize=8, title="median over blocks, quartiles; dotted: p90", title_fontsize=8
        )
    machine = record["machine"]
    settings = record["settings"]
    state = "" if record["valid"] else "INVALID RUN, "
    figure.suptitle(
        f"{state}{settings['model']}, {settings['image']}, on {cores(machine)} of {machine['cpu']} "
        f"({', '.join(machine['extensions'][-2:])})",
        fontsize=11,
    )
    _save(figure, path)


def _bars(axis: Any, record: Mapping[str, Any], routes: list[str]) -> None:
    kinds = [kind for kind in ("closed", "series") if any(_of(record, route, kind) for route in routes)]
    for number, route in enumerate(routes):
        for place, kind in enumerate(kinds):
            speeds = [c["slices_per_s"] for c in _of(record, route, kind) if c["slices_per_s"] is not None]
            if speeds:
                x = place + 0.8 * ((number + 0.5) / len(routes) - 0.5)
                axis.bar(x, max(speeds), 0.7 / len(routes), color=_COLOURS[number % len(_COLOURS)])
                axis.text(x, max(speeds), f"{max(speeds):.1f}", ha="center", va="bottom", fontsize=8)
    names = {"closed": "closed loop,\nbest concurrency", "series": "one streamed series"}
    axis.set_xticks(range(len(kinds)), [names[kind] for kind in kinds])
    axis.set_ylabel("slices a second")
    axis.grid(alpha=0.3, axis="y")


def breakdown(record: Mapping[str, Any], path: Path) -> None:
    """Where the time of a slice went, for every load of a route that reports it."""
    cells = [cell for cell in record["cells"] if cell.get("breakdown_ms")]
    figure, axis = plt.subplots(figsize=(11, 0.7 + 0.42 * len(cells)), layout="constrained")
    names = list(cells[0]["breakdown_ms"])
    for place, cell in enumerate(reversed(cells)):
        left = 0.0
        for name, colour in zip(names, _COLOURS, strict=False):
            value = cell["breakdown_ms"].get(name, 0.0)
            axis.barh(place, value, left=left, color=colour, label=name if place == 0 else None)
            left += value
    axis.set_yticks(range(len(cells)), [f"{cell['route']}, {cell['load']}" for cell in reversed(cells)], fontsize=8)
    axis.set_xlabel("ms a slice, added up; parts of different slices overlap")
    axis.grid(alpha=0.3, axis="x")
    figure.legend(loc="outside upper center", ncols=len(names), fontsize=8)
    _save(figure, path)


def medians_over_time(record: Mapping[str, Any], path: Path) -> None:
    """Median of each block over that of its cell, at the moment when it ran: a drift of the machine is seen by all."""
    figure, axis = plt.subplots(figsize=(11, 2.6), layout="constrained")
    for number, route in enumerate(dict.fromkeys(cell["route"] for cell in record["cells"])):
        moments, ratios = [], []
        for cell in (c for c in record["cells"] if c["route"] == route and c["valid"]):
            medians = _block_medians(cell)
            moments += [block["began_ms"] / 1e3 for block in cell["blocks"]]
            ratios += [value / float(np.median(medians)) for value in medians]
        axis.plot(moments, ratios, "o", ms=3, color=_COLOURS[number % len(_COLOURS)], label=route)
    axis.axhline(1, color="#4d4d4d", lw=0.8)
    axis.set_xlabel("seconds since the first block")
    axis.set_ylabel("over the cell's median")
    axis.grid(alpha=0.3)
    axis.legend(fontsize=7, ncols=5, loc="upper right")
    _save(figure, path)


def time_against_quality(record: Mapping[str, Any], path: Path) -> None:
    """A panel for each task: seconds a slice, logarithmic, and the figure of merit."""
    tasks = record["tasks"]
    figure, axes = plt.subplots(1, len(tasks), figsize=(8 * len(tasks), 6), layout="constrained", squeeze=False)
    for axis, (task, found) in zip(axes[0], tasks.items(), strict=True):
        # numbers in the points and names below: methods of about the same quality and time lie on each other
        for number, row in enumerate(sorted(found["methods"], key=lambda row: -row["quality"]), start=1):
            colour = "#d55e00" if row["ours"] else "#0072b2"
            words = f"{number}  {row['method']}: {row['quality']:.1f}, {row['seconds']:.2g} s"
            axis.plot(row["seconds"], row["quality"], "o", ms=13, color=colour, alpha=0.8, label=words)
            place = (row["seconds"], row["quality"])
            axis.annotate(str(number), place, ha="center", va="center", color="white", fontsize=8)
        axis.axhline(found["input_quality"], color="#4d4d4d", ls="--", lw=1)
        axis.text(0.01, found["input_quality"], " input", transform=axis.get_yaxis_transform(), va="bottom", fontsize=8)
        axis.set_xscale("log")
        axis.margins(x=0.1, y=0.15)
        axis.set_xlabel("seconds a slice")
        axis.set_ylabel(found["measure"])
        axis.set_title(f"{task}: {found['data']}", fontsize=10)
        axis.grid(alpha=0.3, which="both")
        axis.legend(loc="upper left", bbox_to_anchor=(0, -0.14), ncols=2, fontsize=7, markerscale=0.5, frameon=False)
    _save(figure, path)


def memory_over_time(record: Mapping[str, Any], path: Path) -> None:
    """Own memory of every process during a soak."""
    figure, axis = plt.subplots(figsize=(9, 4.5), layout="constrained")
    for number, (name, found) in enumerate(record["memory"].items()):
        label = f"{name}: {found['slope_mib_per_min']:+.2f} MiB/min"
        axis.plot(found["seconds"], found["mib"], color=_COLOURS[number % len(_COLOURS)], label=label)
    axis.set_xlabel("seconds")
    axis.set_ylabel("own memory, MiB")
    axis.set_ylim(bottom=0)
    axis.grid(alpha=0.3)
    axis.legend(fontsize=8)
    _save(figure, path)


def _of(record: Mapping[str, Any], route: str, kind: str) -> list[dict[str, Any]]:
    return [cell for cell in record["cells"] if cell["route"] == route and cell["kind"] == kind]


def _block_medians(cell: Mapping[str, Any]) -> list[float]:
    return [float(np.median(np.subtract(block["done_ms"], block["due_ms"]))) for block in cell["blocks"]]


def _save(figure: Any, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=100)
    plt.close(figure)
