"""What the commands of all tasks show and report about a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from recon.client import ResumingStream


@dataclass(frozen=True)
class Identity:
    """What made the images, as ``report.json`` has it."""

    model: dict[str, Any]
    interval: dict[str, float]
    timings_ms: dict[str, float]


def described(run: ResumingStream[Any]) -> Identity:
    """Model, interval and timings of a run, as far as the service has told them."""
    done, made = run.report, run.model
    timings = done.timings_ms if done else {}
    if made is None:
        return Identity({}, {}, timings)
    model = {
        "name": made.name, "version": made.version, "sha256": made.sha256, "software_version": made.software_version,
    }  # fmt: skip
    return Identity(model, {"coverage": made.coverage, "conformal_factor": made.conformal_factor}, timings)


def progress_bar(console: Console) -> Progress:
    """A bar on a terminal, nothing otherwise."""
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
        console=console, disable=not console.is_terminal,
    )  # fmt: skip
