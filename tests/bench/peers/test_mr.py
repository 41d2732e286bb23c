"""Quality of MR methods."""

from __future__ import annotations

import pytest

from recon.bench.peers import mr
from recon.tasks.mr.sample import mr_slice


def test_quality_does_not_depend_on_the_unit() -> None:
    truth, kspace = mr_slice(0, 64, 4)
    image = mr.zero_filled(kspace)
    assert mr.magnitude_psnr(image, truth) == pytest.approx(mr.magnitude_psnr(1e-9 * image, truth), abs=0.01)


def test_sense_beats_zero_filling() -> None:
    truth, kspace = mr_slice(0, 64, 4)
    zero = mr.magnitude_psnr(mr.zero_filled(kspace), truth)
    assert mr.magnitude_psnr(mr.sense(kspace, 1e-3), truth) > zero + 2
