"""A calibrated interval covers what it says."""

from __future__ import annotations

import numpy as np
import pytest

from recon.quality.conformal import TooFewSamples
from recon.training.automap.calibrate import calibrate
from tests.training.automap.objects import discs


def test_calibrated_interval_covers_what_it_says() -> None:
    rng = np.random.default_rng(0)
    truth = discs(8)
    width = 0.02 + 0.05 * rng.random(truth.shape)

    def reconstruct(decibel):
        magnitude = np.abs(truth) + width * rng.normal(size=truth.shape)
        phase = np.angle(truth)
        return np.stack([magnitude * np.cos(phase), magnitude * np.sin(phase), width, width], 1), truth

    factor, covered = calibrate(reconstruct, (20.0, 30.0))
    assert factor == pytest.approx(1.645, abs=0.05)  # of a normal distribution
    assert all(0.88 < value < 0.92 for value in covered.values())


def test_one_image_can_not_be_calibrated_on_and_tried() -> None:
    truth = discs(1)
    with pytest.raises(TooFewSamples, match="not on 1"):
        calibrate(lambda decibel: (np.ones((1, 4, *truth.shape[1:])), truth), (20.0,))
