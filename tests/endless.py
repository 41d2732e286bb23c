"""A task whose work on a series never ends: of one that is called ``process`` in a process, else in a thread."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from recon.tasks.base import ModelFacts, Session, SliceWork
from tests.toy import ToySession, ToyTask


def for_ever() -> None:
    while True:
        pass


class EndlessSession(ToySession):
    def whole(self) -> Callable[[], Any] | None:
        return for_ever if self.name == "process" else None

    def complete(self) -> Iterable[SliceWork]:
        for_ever()
        return ()


class EndlessTask(ToyTask):
    slice_by_slice = False

    def open(self, header: Any, model: ModelFacts) -> Session:
        return EndlessSession(header)


TASK = EndlessTask()
