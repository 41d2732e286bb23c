"""Pairs of scans, judged."""

from __future__ import annotations

import numpy as np

from recon.quality.verdict import Check
from recon.tasks.contrast.slices import AlignedPair
from recon.volumes import Volume


def judged(pre: Volume, low: Volume) -> dict[str, Check]:
    return {check.name: check for check in AlignedPair.of(pre, low, 0.1).checks}


def with_values(volume: Volume, values: np.ndarray) -> Volume:
    return Volume(np.ascontiguousarray(values, np.float32), volume.geometry, volume.unit)
