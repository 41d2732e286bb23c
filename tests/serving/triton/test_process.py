"""The embedded Triton's process: ended, counted and left, whatever happens meanwhile."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from recon.serving.triton import process
from recon.serving.triton.process import EmbeddedTriton


class Process:
    """That runs."""

    def __init__(self, pid: int) -> None:
        self.pid, self.returncode = pid, None


@pytest.fixture
def triton(tmp_path: Path) -> Iterator[EmbeddedTriton]:
    """One without models, not started."""
    (tmp_path / "repository").mkdir()
    made = EmbeddedTriton(tmp_path / "repository")
    yield made
    shutil.rmtree(made._folder, ignore_errors=True)


def test_processes_that_are_counted_as_another_triton_starts_are_nobodys(
    triton: EmbeddedTriton, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: Any = triton
    made._process = Process(7)

    def read(pid: int) -> Counter[str]:
        if pid == 7:
            made._process = Process(8)  # as it is read
            return Counter({"m": 3})
        return Counter({"m": 1})

    monkeypatch.setattr(process, "stubs_of", read)
    assert triton.lost_models() == set()
    assert triton.lost_models() == set()  # the new one has all that it ever had
    monkeypatch.setattr(process, "stubs_of", lambda pid: Counter[str]())
    assert triton.lost_models() == {"m"}


@pytest.mark.parametrize("cancelled", [False, True])
def test_leaving_waits_for_no_last_words_that_do_not_come(
    triton: EmbeddedTriton, monkeypatch: pytest.MonkeyPatch, cancelled: bool
) -> None:
    monkeypatch.setattr(process, "_LOG_S", 0.05)

    async def main() -> None:
        made: Any = triton
        made._log = asyncio.create_task(asyncio.Event().wait())
        made._watch = asyncio.create_task(made._last_words())  # as the supervisor does
        await asyncio.sleep(0.01 if cancelled else 0.1)
        await triton.stop()
        assert not triton._folder.exists()

    asyncio.run(main())


def test_a_killed_one_ends_though_it_is_stopped(triton: EmbeddedTriton) -> None:
    async def main() -> None:
        sleeping = await asyncio.create_subprocess_exec("/bin/sleep", "60")
        os.kill(sleeping.pid, signal.SIGSTOP)
        triton._process = sleeping
        triton.kill()
        assert await asyncio.wait_for(sleeping.wait(), 5) == -9
        triton.kill()  # nothing is left to end

    asyncio.run(main())
