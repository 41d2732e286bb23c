"""How a command shows what it does: a bar on a terminal, plain lines otherwise."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from recon.errors import plain

#: A report may name many slices.
_LONGEST_LINE = 20_000


class ProgressDisplay:
    """One bar for the job that runs; lines for everything that is said.

    Parameters
    ----------
    console
        Where to.
    """

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )
        self._console = console
        self._bar: TaskID | None = None

    def __enter__(self) -> ProgressDisplay:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def begin(self, name: str) -> None:
        """Another job begins."""
        if self._bar is not None:
            self._progress.remove_task(self._bar)
        self._bar = self._progress.add_task(name, total=None)

    def advance(self, done: int, total: int) -> None:
        """So far has it come."""
        if self._bar is not None:
            self._progress.update(self._bar, completed=done, total=total)

    def say(self, line: str) -> None:
        """One line, as it is but for what would move the cursor."""
        self._console.print(plain(line, _LONGEST_LINE), markup=False)
