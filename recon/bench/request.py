"""What a run of ``recon bench serve`` measures."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from recon.bench import routes as ways
from recon.bench.blocks import Plan
from recon.tasks.registry import task_of


@dataclass(frozen=True)
class MeasurementRequest:
    """What to measure.

    Attributes
    ----------
    task, model
        Its name, and which model of it.
    routes
        Of the model's; see :func:`recon.bench.routes.routes_of`.
    others
        More gateways in the same run, address by name.
    concurrency
        Callers at a time of the closed loops.
    rates
        Arrivals a second of the open loops; negative ones are shares of what one caller gets of the first route
        that does the whole task.
    series
        Slices of the streamed series; none leaves it out. Of every request where the task needs its whole input.
    plan
        How much.
    tuning
        Records by which the service runs its models.
    until_s
        Monotonic time by which the run is to end; it has fewer blocks then.
    """

    task: str
    model: str
    routes: tuple[str, ...] = (ways.BARE, ways.BODY, ways.SHARED, ways.TASK, ways.GATEWAY)
    others: dict[str, str] = field(default_factory=dict)
    concurrency: tuple[int, ...] = (1, 2, 4)
    rates: tuple[float, ...] = (-0.5, -0.8)
    series: int = 8
    plan: Plan = field(default_factory=Plan)
    tuning: tuple[Path, ...] = ()
    until_s: float = float("inf")

    @property
    def asked_rates(self) -> list[str]:
        """Of the open loops in words; shares as percentages."""
        return [f"{-100 * rate:g}%" if rate < 0 else f"{rate:g}" for rate in self.rates]

    @property
    def each(self) -> int:
        """Slices of a request: all where the task needs its whole input before the first image."""
        return 1 if task_of(self.task).slice_by_slice else self.series
