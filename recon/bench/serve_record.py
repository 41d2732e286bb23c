"""A run of ``recon bench serve`` as it is written down: settings, problems, and every timestamp."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from recon import __version__
from recon.bench.blocks import LoadBlock
from recon.bench.observation import Observation
from recon.bench.request import MeasurementRequest
from recon.bench.self_test import SelfCheck, as_json
from recon.bench.summary import cells, summarize
from recon.machine import describe
from recon.serving.tuning import words_of
from recon.tasks.registry import task_of

#: Share of the cores that other processes may use before the record warns.
MOST_BUSY = 0.1


def serve_record(
    request: MeasurementRequest,
    checks: Sequence[SelfCheck],
    blocks: list[LoadBlock],
    began: float,
    usage: dict[str, Any],
    problems: list[str],
    agreement: dict[str, bool],
    load_before: float,
    notes: dict[str, Any],
) -> dict[str, Any]:
    """The record of a run; it is valid where there are no problems, in no cell and in no self-test.

    Parameters
    ----------
    request, checks
        What was asked for, and the self-test.
    blocks, began
        What was measured, and when that began, in seconds of :func:`time.monotonic`.
    usage
        Of processes, by name.
    problems
        Found beside the blocks.
    agreement
        Which routes return the bits of the bare runtime.
    load_before
        Load average of the machine.
    notes
        By name, for a person.
    """
    table: list[dict[str, Any]] = []
    order = [*request.routes, *request.others]
    for (route, load), found in sorted(cells(blocks).items(), key=lambda cell: order.index(cell[0][0])):
        kind = found[0].load
        table.append(
            {
                "route": route,
                "load": load,
                "kind": kind.kind,
                "value": kind.value,
                "slices": kind.slices,
                **({"asked": kind.asked, "lead_in": asdict(kind.lead_in)} if kind.kind == "open" else {}),
                **summarize(found),
                "blocks": [_raw(block, began) for block in found],
            }
        )
    problems = [*problems, *(f"self-test: {check.name}: {check.found}" for check in checks if not check.passed)]
    return {
        "format": 1,
        "kind": "serve",
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "software": __version__,
        "machine": {**describe(), "load_average_before": round(load_before, 2)},
        "settings": {
            "task": request.task,
            "model": request.model,
            "blocks": len({block.index for block in blocks}),
            "requests_per_block": request.plan.requests,
            "rates": request.asked_rates,
            "inputs": request.plan.items,
            "seed": request.plan.seed,
            "tuning": dict(words_of(path).split(": ", 1) for path in request.tuning),
            **_words(request),
        },
        "notes": notes,
        "self_test": as_json(list(checks)),
        "valid": not problems and all(cell["valid"] for cell in table),
        "problems": problems,
        "warnings": _warnings(notes),
        "same_bits_as_bare_runtime": agreement,
        "processes": usage,
        "cells": table,
    }


def _words(request: MeasurementRequest) -> dict[str, str]:
    """What was sent, and what a slice is."""
    task = task_of(request.task)
    image = task.sample(0, request.each).words
    if task.slice_by_slice:
        return {"image": image, "slice": "one image, which a request or a part of a series asks for"}
    words = (
        f"one of the {request.series} images of a {task.noun}. A request is a whole {task.noun}: all of it must be in "
        "before the first image can be made, and latency is that of all its images"
    )
    return {"image": image, "slice": words}


def _warnings(notes: dict[str, Any]) -> list[str]:
    busy = notes.get("cores_kept_busy_by_others", 0.0)
    if busy > MOST_BUSY * describe()["cores"]:
        return [f"other processes kept {busy:.2f} cores busy; times are those of a machine under load"]
    return []


def _raw(block: LoadBlock, began: float) -> dict[str, Any]:
    """Timestamps in ms since the first block."""
    return {
        "index": block.index,
        "began_ms": round(1e3 * (block.began_s - began), 3),
        "ended_ms": round(1e3 * (block.ended_s - began), 3),
        **_columns(block.observations, began),
        **({"lead_in": _columns(block.lead_in, began)} if block.lead_in else {}),
    }


def _columns(observations: Sequence[Observation], began: float) -> dict[str, list[Any]]:
    def column(pick: Callable[[Observation], float | None]) -> list[float | None]:
        times = [pick(observation) for observation in observations]
        return [None if time is None else round(1e3 * (time - began), 3) for time in times]

    return {
        "due_ms": column(lambda o: o.due_s),
        "sent_ms": column(lambda o: o.sent_s),
        "first_ms": column(lambda o: o.first_s),
        "done_ms": column(lambda o: o.done_s),
        "item": [o.item for o in observations],
        "status": [o.status for o in observations],
        "slices": [o.slices for o in observations],
        "digest": [o.digest for o in observations],
        "problem": [o.problem for o in observations],
    }
