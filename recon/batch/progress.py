"""What a person sees while a run is under way: a live bar on a terminal, plain lines otherwise."""

from __future__ import annotations

import threading
import time
from collections import Counter
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from recon.batch.items import Item
from recon.batch.states import State
from recon.errors import plain

_BETWEEN_LINES_S = 10.0
_ENDS = (State.DONE, State.REJECTED, State.FAILED, State.SKIPPED)


def rate_words(done: int, left: int, seconds: float) -> str:
    """Rate and time left, such as ``12.4 items/min, 3 min left``; empty before anything is done."""
    if done < 1 or seconds <= 0:
        return ""
    rate = done / seconds
    rest = left / rate
    if rest < 90:
        words = f"{rest:.0f} s"
    elif rest < 5400:
        words = f"{rest / 60:.0f} min"
    else:
        words = f"{rest / 3600:.1f} h"
    pace = f"{rate:.1f} items/s" if rate >= 1 else f"{60 * rate:.1f} items/min"
    return f"{pace}, {words} left" if left else pace


class BatchProgress:
    """Shows a run; its methods may be called on any thread.

    Parameters
    ----------
    console
        Where to.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._mutex = threading.Lock()
        self._ended: Counter[str] = Counter()
        self._pending = 0
        self._since = self._line_at = time.monotonic()
        self._live = console.is_terminal
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[words]}"),
            console=console,
            disable=not self._live,
        )
        self._task = self._bar.add_task("looking for scans", total=None, words="")

    def __enter__(self) -> BatchProgress:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def files_seen(self, seen: int) -> None:
        """While the archive is looked through."""
        if self._live:
            self._bar.update(self._task, words=f"{seen} files")

    def planned(self, counts: dict[str, Any]) -> None:
        """When it is known what there is to do."""
        self._pending = counts["pending"]
        self._since = self._line_at = time.monotonic()
        self._bar.update(self._task, description="items", total=self._pending, words="")
        parts = [f"{counts[state]} {state}" for state in ("done", "rejected", "failed", "skipped") if counts[state]]
        before = f" ({', '.join(parts)} already)" if parts else ""
        items = "1 item" if self._pending == 1 else f"{self._pending} items"
        self._console.print(f"{items} to do{before}", markup=False)

    def say(self, words: str) -> None:
        """Something a person should know now."""
        self._console.print(plain(words), markup=False)

    def item(self, item: Item, state: State, reason: str) -> None:
        """When an item ends or is put back."""
        with self._mutex:
            if state in _ENDS:
                self._ended[state] += 1
            total = sum(self._ended.values())
            words = ", ".join(f"{self._ended[state]} {state}" for state in _ENDS if self._ended[state])
            pace = rate_words(total, self._pending - total, time.monotonic() - self._since)
            self._bar.update(self._task, completed=total, words=f"{words}  {pace}")
            if state in (State.FAILED, State.SKIPPED):
                self._console.print(plain(f"{item.name}: {state}: {reason}"), markup=False)
            if self._live:
                return
            now = time.monotonic()
            if now - self._line_at >= _BETWEEN_LINES_S or total == self._pending:
                self._line_at = now
                said = "; ".join(part for part in (words, pace) if part) or "none has ended"
                self._console.print(f"{total} of {self._pending}: {said}", markup=False)
