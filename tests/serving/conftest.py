"""A gateway in front of a model that is a function, and memory in the place of Triton's."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gateway import channel, gateway, limits

__all__ = ["channel", "gateway", "limits"]


@pytest.fixture
def memory(tmp_path: Path) -> Path:
    """A folder in the place of Triton's /dev/shm."""
    return tmp_path
