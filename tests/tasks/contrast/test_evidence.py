"""Enhancement without evidence is marked."""

from __future__ import annotations

import numpy as np

from recon.tasks.contrast.evidence import unsupported


def test_enhancement_without_evidence_is_marked() -> None:
    rng = np.random.default_rng(0)
    difference = rng.normal(0, 0.14, (96, 80)).astype(np.float32)
    predicted = np.zeros((96, 80), np.float32)
    assert not unsupported(predicted, difference, 0.14).any()
    predicted[40:50, 40:50] = 0.6
    marked = unsupported(predicted, difference, 0.14) > 0
    assert marked[42:48, 42:48].all()
    assert not marked[:30].any()
    difference[40:50, 40:50] += 0.6
    assert not unsupported(predicted, difference, 0.14).any()
