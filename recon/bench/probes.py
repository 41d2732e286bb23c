"""What known lesions cost: the same series with none and with few of its slices probed, by turns."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from recon.bench.processes import Processes, listener
from recon.bench.statistics import Effect, paired
from recon.client import Calls
from recon.machine import describe
from recon.tasks.base import Task
from recon.tasks.probe import Probes
from recon.tasks.sample import Extent

#: By turns; all slices cost what one more run of the model for each costs.
WAYS = (Probes.OFF, Probes.FEW)


def measure(
    run: Callable[[Probes, int], object],
    rounds: int,
    clock: Callable[[], float] = time.perf_counter,
    ways: Sequence[Probes] = WAYS,
) -> dict[str, Any]:
    """Time of a series by probes, and what they add to one without.

    Parameters
    ----------
    run
        Processes a series with some probes in a round, to its end.
    rounds
        Of each way, whose order turns from round to round; six at least.
    clock
        Seconds.
    ways
        Which, :attr:`Probes.OFF` among them.

    Returns
    -------
    dict
        ``seconds`` of each round, and ``added`` to a series without: ratio and its 95 % interval less 1.
    """
    run(ways[-1], 0)  # nothing is loaded, and nothing compiled, while the clock runs
    seconds: dict[Probes, list[float]] = {way: [] for way in ways}
    for number in range(rounds):
        turn = number % len(ways)
        for way in (*ways[turn:], *ways[:turn]):
            began = clock()
            run(way, number)
            seconds[way].append(clock() - began)
    added = {way: paired(seconds[Probes.OFF], seconds[way]) for way in ways if way is not Probes.OFF}
    return {
        "seconds": {str(way): [round(value, 4) for value in values] for way, values in seconds.items()},
        "added": {str(way): _added(effect) for way, effect in added.items()},
    }


def measure_task(
    client: Calls,
    task: Task,
    model: str,
    slices: int,
    rounds: int,
    extent: Extent = Extent(),
    ways: Sequence[Probes] = WAYS,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, Any]:
    """The same of series that a task makes itself, on a service.

    Raises
    ------
    ReconError
        When a series fails.
    """
    samples = [task.sample(number, slices, extent) for number in range(rounds)]

    def run(way: Probes, number: int) -> None:
        sample = samples[number]
        options = {**sample.options, "probes": str(way)}
        for _ in client.send(task.name, task.series(*sample.inputs, name="", model=model, model_version="", **options)):
            pass

    probed = {str(way): sum(way.on(index, slices) for index in range(slices)) for way in ways}
    found = measure(run, rounds, clock, ways)
    size = {"slices": slices, "of": samples[0].words, "probed": probed}
    return {"task": task.name, "model": model, **size, **found, "machine": describe()}


def processor_time(address: str) -> Callable[[], float] | None:
    """A clock of the seconds that a service's processes have worked, its models among them; None where it is elsewhere.

    Whatever else the machine does, it goes on only while they work.
    """
    pid = listener(address)
    if pid is None:
        return None
    processes = Processes({pid: "service"})
    return lambda: sum(usage.cpu_s for usage in processes.usage().values())


def _added(effect: Effect) -> dict[str, float]:
    return {name: round(getattr(effect, name) - 1, 4) for name in ("ratio", "low", "high")}
