"""From raw blocks to the figures of a cell, and whether they may be believed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from recon.bench.blocks import LoadBlock
from recon.bench.observation import Observation
from recon.bench.open_loop import LATE_SHARE, late_requests
from recon.bench.percentiles import Percentile, percentile

_QUANTILES = (0.5, 0.9, 0.99)


def cells(blocks: Sequence[LoadBlock]) -> dict[tuple[str, str], list[LoadBlock]]:
    """Blocks of each route under each load, in order."""
    found: dict[tuple[str, str], list[LoadBlock]] = {}
    for block in blocks:
        found.setdefault((block.route, str(block.load)), []).append(block)
    return found


def summarize(blocks: Sequence[LoadBlock]) -> dict[str, Any]:
    """Figures of one cell.

    Latency counts from the scheduled moment in an open loop, of what comes after the lead-in; throughput and
    processor time are those of all requests. A cell with a wrong answer, or whose generator was late, has no
    percentiles: it is INVALID and says why.
    """
    sent = [observation for block in blocks for observation in block.sent]
    problems = Counter(observation.problem for observation in sent if observation.problem)
    reasons = [f"{count} of {len(sent)} answers: {problem}" for problem, count in problems.most_common()]
    late, worst, tolerance = late_requests(sent)
    if late > LATE_SHARE * len(sent):
        reasons.append(f"generator late by more than {1e3 * tolerance:.0f} ms for {late} of {len(sent)}")
    right = [observation for block in blocks for observation in block.observations if not observation.problem]
    seconds = sum(block.ended_s - block.began_s for block in blocks)
    slices = sum(observation.slices for observation in sent if not observation.problem)
    return {
        "requests": sum(len(block.observations) for block in blocks),
        "valid": not reasons,
        "reasons": reasons,
        "latency_ms": _percentiles([o.latency_s for o in right]) if not reasons else {},
        "service_ms": _percentiles([o.service_s for o in right]) if not reasons else {},
        "first_image_ms": _percentiles([o.first_s - o.due_s for o in right if o.first_s]) if not reasons else {},
        "slices_per_s": round(slices / seconds, 3) if seconds > 0 and not reasons else None,
        "most_in_flight": most_in_flight(sent),
        "generator_lateness_ms": {"worst": round(1e3 * worst, 2), "late": late},
        "cpu_s_per_slice": _cpu(blocks, slices),
        "breakdown_ms": _breakdown(right) if not reasons else {},
    }


def block_medians(blocks: Sequence[LoadBlock]) -> dict[int, float]:
    """Median latency in ms of each block without a wrong answer, by round."""
    return {
        block.index: 1e3 * float(np.median([o.latency_s for o in block.observations]))
        for block in blocks
        if block.observations and not any(o.problem for o in block.sent)
    }


def most_in_flight(observations: Sequence[Observation]) -> int:
    """Largest number of requests under way at a time."""
    moments = sorted([(o.sent_s, 1) for o in observations] + [(o.done_s, -1) for o in observations])
    return int(np.cumsum([step for _, step in moments]).max()) if moments else 0


def _breakdown(observations: Sequence[Observation]) -> dict[str, float]:
    """Mean of each part of a slice's way over all slices whose report names them."""
    told = [observation for observation in observations if observation.timings_ms]
    slices = sum(observation.slices for observation in told)
    total: Counter[str] = Counter()
    for observation in told:
        total.update(observation.timings_ms)
    return {name: round(value / slices, 3) for name, value in total.items()} if slices else {}


def _percentiles(seconds: list[float]) -> dict[str, Any]:
    return {f"p{100 * q:.0f}": _as_json(percentile([1e3 * s for s in seconds], q)) for q in _QUANTILES}


def _as_json(found: Percentile) -> dict[str, Any]:
    return {
        "value": None if found.value is None else round(found.value, 3),
        "bound": None if found.bound is None else round(found.bound, 3),
        "samples": found.samples,
        "needed": found.needed,
    }


def _cpu(blocks: Sequence[LoadBlock], slices: int) -> dict[str, float]:
    total: Counter[str] = Counter()
    for block in blocks:
        total.update(block.cpu_s)
    return {name: round(seconds / max(slices, 1), 4) for name, seconds in total.items()}
