"""The size of a small network."""

from __future__ import annotations

SHAPE = (1, 1, 32, 32)
