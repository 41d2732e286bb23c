"""Which runtime, how many threads and how many instances serve a model best on this machine.

What is measured is the file that runs inside Triton, with each instance on a thread of this process where
the service gives it a process of its own. ``recon serve --tuning`` runs the model as the record says.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from recon import __version__
from recon.backend.runtime import Network, runtime_of
from recon.bench.progress import Told
from recon.machine import describe

#: Latency that may be given up for throughput.
_SLACK = 1.1
#: Each instance holds a network of its own.
_INSTANCES = (1, 2, 4, 8)


@dataclass(frozen=True)
class Setting:
    """One way to run a model.

    Attributes
    ----------
    runtime
        ``openvino`` or ``onnxruntime``.
    threads
        Of one inference.
    instances
        Requests that are answered at a time.
    alone
        Threads of a second network, for a request that has the machine to itself; 0 for none.
    """

    runtime: str
    threads: int
    instances: int
    alone: int = 0

    def __str__(self) -> str:
        return f"{self.runtime}, threads: {self.threads}, instances: {self.instances}, alone: {self.alone}"


@dataclass(frozen=True)
class _Load:
    """So many requests at a time, each on a network with so many threads; several settings may share one."""

    runtime: str
    threads: int
    networks: int


def settings(*, other_runtimes: bool = True) -> list[Setting]:
    """What this machine leaves to choose, all cores for one request first.

    Parameters
    ----------
    other_runtimes
        Whether the runtime is to be chosen, too; another one rounds differently.
    """
    cores = len(os.sched_getaffinity(0))
    found = [Setting("openvino", cores, 1), Setting("openvino", max(1, cores // 2), 1), Setting("openvino", 1, 1)]
    found += [Setting("openvino", cores // instances, instances) for instances in _INSTANCES if instances <= cores]
    if cores > 1:  # busy, a thread each loses nothing to waiting; a request alone has a network with all threads
        found.append(Setting("openvino", 1, min(cores, _INSTANCES[-1]), cores))
    if other_runtimes and importlib.util.find_spec("onnxruntime") is not None:
        found.append(Setting("onnxruntime", cores, 1))
    return list(dict.fromkeys(found))


def tune(
    weights: Path,
    shapes: Mapping[str, Sequence[int]],
    told: Told = lambda _: None,
    rounds: int = 7,
    *,
    other_runtimes: bool = True,
    within_s: float = float("inf"),
) -> dict[str, Any]:
    """Measure the settings side by side and choose the fastest, written down with what was tried.

    Latency is that of one request alone, throughput that of as many requests in flight as there are instances.
    Precision is the runtime's own choice: whether a lower one is good enough is for the quality figures.

    Parameters
    ----------
    weights
        The one file of a model's version in the repository.
    shapes
        Of its inputs by name; ``""`` is the first one.
    told
        Hears what is being done.
    rounds
        Interleaved measurements of each setting.
    other_runtimes
        See :func:`settings`.
    within_s
        After so long nothing more is begun, once the first setting has been measured; what was not is left out.
    """
    candidates = settings(other_runtimes=other_runtimes)
    first, cores = candidates[0], len(os.sched_getaffinity(0))
    networks = _Networks(weights, shapes)
    seconds: dict[_Load, list[float]] = {load: [] for setting in candidates for load in _loads(setting)}
    needed, began = set(_loads(first)), time.monotonic()
    with ThreadPoolExecutor(max(cores, 1)) as pool:
        for turn in range(1, rounds + 1):
            for load, spent in seconds.items():
                enough = all(seconds[part] for part in needed)
                if enough and time.monotonic() - began > within_s:
                    continue
                told(f"round {turn} of {rounds}: {load.runtime}, {load.networks} x {load.threads} threads")
                spent.append(_run(pool, networks(load)))
    tried = [
        {
            **asdict(setting),
            "ms": round(1e3 * float(np.median(seconds[alone])), 2),
            "slices_per_s": round(busy.networks / float(np.median(seconds[busy])), 3),
        }
        for setting in candidates
        for alone, busy in [_loads(setting)]
        if seconds[alone] and seconds[busy]
    ]
    fastest = min(row["ms"] for row in tried)
    choice = max((row for row in tried if row["ms"] <= _SLACK * fastest), key=lambda row: row["slices_per_s"])
    return {
        "format": 1,
        "kind": "tune",
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "software": __version__,
        "machine": describe(),
        "model": weights.parents[1].name,
        "version": weights.parent.name,
        "sha256": hashlib.sha256(weights.read_bytes()).hexdigest(),
        "shapes": {name: list(shape) for name, shape in shapes.items()},
        "rounds": rounds,
        "seconds": round(time.monotonic() - began, 1),
        "tried": tried,
        "choice": choice,
    }


def _loads(setting: Setting) -> tuple[_Load, _Load]:
    """A request alone, and as many as there are instances."""
    alone = _Load(setting.runtime, setting.alone or setting.threads, 1)
    return alone, _Load(setting.runtime, setting.threads, setting.instances)


def _run(pool: ThreadPoolExecutor, networks: Sequence[Callable[[], object]]) -> float:
    """Seconds until each of them has answered once."""
    began = time.perf_counter()
    for answer in [pool.submit(network) for network in networks]:
        answer.result()
    return time.perf_counter() - began


class _Networks:
    """Networks of one file, which are compiled and have run once before they are measured."""

    def __init__(self, weights: Path, shapes: Mapping[str, Sequence[int]]) -> None:
        import openvino

        network, rng = openvino.Core().read_model(weights), np.random.default_rng(0)
        first, self._outputs = network.inputs[0].any_name, [part.any_name for part in network.outputs]
        self._inputs = {name or first: rng.normal(0, 1, shape).astype(np.float32) for name, shape in shapes.items()}
        self._weights = weights
        self._made: dict[tuple[str, int], list[Network]] = {}

    def __call__(self, load: _Load) -> list[Callable[[], object]]:
        made = self._made.setdefault((load.runtime, load.threads), [])
        while len(made) < load.networks:
            made.append(runtime_of(self._weights, load.runtime, load.threads))
            made[-1](self._inputs, self._outputs)
        return [lambda network=network: network(self._inputs, self._outputs) for network in made[: load.networks]]  # type: ignore[misc]
