"""A run in a process of its own that kills itself at a chosen step: python -m tests.batch.killed STEP ARCHIVE OUT."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from recon.batch.archive import Hooks, start
from recon.batch.items import Item, Produced
from recon.batch.ledger import BatchLedger
from recon.batch.spec import Spec
from recon.batch.states import State
from recon.batch.storage import Storage
from tests.batch.archives import QUICK, FakeExecutor, connecting, report_of

#: The steps of publishing, in order; each is killed before and after.
STEPS = ("write", "seal", "sync_files", "rename", "sync_directory", "commit")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class _DyingStorage(Storage):
    step, when, after = "", "", 0

    def _maybe(self, step: str, when: str) -> None:
        if (step, when) == (type(self).step, type(self).when):
            type(self).after -= 1
            if type(self).after < 0:
                die()

    def seal(self, item: Item, attempt: Path, report: dict[str, Any]) -> Produced:
        self._maybe("seal", "before")
        made = super().seal(item, attempt, report)
        self._maybe("seal", "after")
        return made

    def sync_files(self, attempt: Path) -> None:
        self._maybe("sync_files", "before")
        super().sync_files(attempt)
        self._maybe("sync_files", "after")

    def rename(self, attempt: Path, item: Item) -> bool:
        self._maybe("rename", "before")
        done = super().rename(attempt, item)
        self._maybe("rename", "after")
        return done

    def sync_directory(self) -> None:
        self._maybe("sync_directory", "before")
        super().sync_directory()
        self._maybe("sync_directory", "after")


class _DyingLedger(BatchLedger):
    def publish(self, item: Item, made: Produced) -> State:
        _DyingStorage(self.folder)._maybe("commit", "before")
        state = super().publish(item, made)
        _DyingStorage(self.folder)._maybe("commit", "after")
        return state


class _DyingExecutor(FakeExecutor):
    """Keeps a line of every call in a file that outlives it."""

    def __init__(self, log: Path, delay_s: float) -> None:
        super().__init__()
        self._log, self._delay_s = log, delay_s

    def run(self, item: Item, folder: Path) -> dict[str, Any]:
        with self._log.open("a") as log:
            log.write(f"{item.name}\n")
        storage = _DyingStorage(folder)
        storage._maybe("write", "before")
        (folder / "half.bin").write_bytes(b"half")
        storage._maybe("write", "after")
        (folder / "half.bin").unlink()
        time.sleep(self._delay_s)
        if "broken" in item.name:
            from recon.errors import UnusableData

            raise UnusableData("its samples are all NaN")
        super().run(item, folder)
        return report_of(item, verdict="REJECT" if "reject" in item.name else "PASS")


def main(step: str, archive: str, output: str, log: str, delay_s: str = "0") -> None:
    """``step`` is such as ``before:rename:1``: the second time; ``never`` runs to the end."""
    if step != "never":
        _DyingStorage.when, _DyingStorage.step, count = step.split(":")
        _DyingStorage.after = int(count)
    hooks = Hooks(storage=_DyingStorage, ledger=_DyingLedger)
    spec = Spec(inputs=[archive], settle_s=0.0)
    counts = start(spec, Path(output), connecting(_DyingExecutor(Path(log), float(delay_s))), QUICK, hooks)
    sys.exit(counts["exit_status"])


if __name__ == "__main__":
    main(*sys.argv[1:])
