"""Phase is smooth but where tissue or metal makes it turn."""

from __future__ import annotations

import numpy as np

from recon.training.mr.phase import body_phase, filtered_noise, object_phase, smooth_phase


def test_phase_is_smooth_unless_it_is_meant_to_be_rough() -> None:
    phase = smooth_phase((128, 128), np.random.default_rng(0), 1.0)
    assert np.abs(np.diff(phase, axis=0)).max() < 0.3
    magnitude = np.ones((96, 96), np.float32)
    steps = [np.abs(np.diff(object_phase(magnitude, 1.0, np.random.default_rng(s)), axis=0)).max() for s in range(12)]
    assert max(steps) > 0.3
    assert filtered_noise((50, 70), 12.0, np.random.default_rng(0)).shape == (50, 70)


def test_metal_turns_the_phase_within_a_pixel_now_and_then() -> None:
    magnitude = np.ones((96, 96), np.float32)
    steps = [np.abs(np.diff(body_phase(magnitude, 1.0, np.random.default_rng(s)), axis=0)).max() for s in range(40)]
    assert 1 <= sum(step > 1.5 for step in steps) <= 15
    assert np.median(steps) < 0.3
