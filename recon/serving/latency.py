"""Which model of a task is fast enough on this machine: measured, not assumed."""

from __future__ import annotations

import time

import structlog

from recon.engine.catalogue import Catalogue
from recon.engine.inference import Request, infer
from recon.engine.models import ServedModel
from recon.errors import InvalidRequest
from recon.serving.triton.client import TritonClient
from recon.tasks.base import Task

log = structlog.get_logger()

_ROUNDS = 5


async def measured_ms(triton: TritonClient, task: Task, model: ServedModel) -> float:
    """Median time of a typical slice through a model that has seen its shape before, ms; NaN where none is known."""
    work = task.probe(model.facts)
    if work is None:
        return float("nan")
    request = Request(model, work.inputs, work.outputs, work.parameters)
    spent = []
    for _ in range(_ROUNDS + 1):
        began = time.perf_counter()
        async with infer(triton, request, work.prepare):
            spent.append(1e3 * (time.perf_counter() - began))
    return sorted(spent[1:])[_ROUNDS // 2]


async def choose_by_latency(triton: TritonClient, catalogue: Catalogue, task: Task, limit_ms: float) -> str:
    """Make the best model that is fast enough the task's default; returns why.

    The best is the default, its newest version that keeps the limit, else the slowest that does: here more time has
    bought more quality. Where none keeps it, the fastest is taken.

    Parameters
    ----------
    triton, catalogue
        Where models run, and which there are.
    task
        Whose models are measured.
    limit_ms
        Longest time of a slice in the model.

    Raises
    ------
    InvalidRequest
        When the task has no typical slice to measure with, or no model.
    """
    found = {}
    for model in catalogue.models:
        if model.task == task.name:
            took = await measured_ms(triton, task, model)
            if took == took:
                found[model.name, model.version] = took, model
    if not found:
        raise InvalidRequest(f"task {task.name} has no model whose time can be measured here; leave out --latency-ms")
    kept = [(took, model) for took, model in found.values() if took <= limit_ms]
    default = [model for _, model in kept if model.is_default]
    if default:
        chosen = max(default, key=lambda model: int(model.version))
    elif kept:
        chosen = max(kept, key=lambda pair: pair[0])[1]
    else:
        chosen = min(found.values(), key=lambda pair: pair[0])[1]
    times = ", ".join(f"{name}:{version} {took:.0f} ms" for (name, version), (took, _) in found.items())
    reason = f"{chosen.name}:{chosen.version}: at most {limit_ms:g} ms a slice asked for; measured here {times}"
    log.info("model_chosen", task=task.name, model=chosen.name, version=chosen.version, reason=reason)
    catalogue.prefer(task.name, chosen.name, chosen.version, reason)
    return reason
