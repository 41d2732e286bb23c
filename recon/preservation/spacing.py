"""All scans of a run have voxels of one size: the measures count pixels of the first."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from recon.errors import InvalidRequest

_SAME = 0.01


def require_same(one: Path, one_mm: Sequence[float], other: Path, other_mm: Sequence[float], instead: str) -> None:
    """Refuse two scans whose voxels differ by more than a hundredth in any direction.

    Parameters
    ----------
    one, other
        Files.
    one_mm, other_mm
        Distances of their voxels, in the same order.
    instead
        What to do.

    Raises
    ------
    InvalidRequest
        Naming both.
    """
    if not np.allclose(one_mm, other_mm, rtol=_SAME, atol=0):
        sizes = [" x ".join(f"{step:.4g}" for step in steps) for steps in (other_mm, one_mm)]
        raise InvalidRequest(f"{other} has voxels of {sizes[0]} mm, {one} of {sizes[1]} mm; {instead}")
