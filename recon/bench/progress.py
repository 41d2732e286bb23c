"""Who hears what a measurement is doing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

#: Takes one line, such as "warm-up".
Told: TypeAlias = Callable[[str], object]
