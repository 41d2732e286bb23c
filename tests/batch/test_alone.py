"""Work in a process of its own."""

from __future__ import annotations

import os
from typing import Any

import pytest

from recon.batch.alone import DiedAlone, in_own_process
from recon.errors import ServiceUnavailable, UnreadableInput


def _abort() -> dict[str, Any]:
    os.abort()


def _killed() -> dict[str, Any]:
    os.kill(os.getpid(), 9)
    return {}


def _refuses() -> dict[str, Any]:
    raise UnreadableInput("a.nii: damaged")


def test_work_in_a_process_of_its_own() -> None:
    assert in_own_process(dict) == {}
    with pytest.raises(UnreadableInput, match=r"a\.nii: damaged"):
        in_own_process(_refuses)
    with pytest.raises(DiedAlone, match="SIGABRT"):
        in_own_process(_abort)
    with pytest.raises(ServiceUnavailable, match="SIGKILL"):
        in_own_process(_killed)
