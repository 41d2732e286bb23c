"""BART gets what was given, and costs what its programs cost."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from recon.bench.peers import bart, mr
from recon.bench.peers.method import best_of
from recon.errors import InternalError
from recon.tasks.mr.sample import mr_slice

needs_bart = pytest.mark.skipif(not bart.installed(), reason="NOT TESTED: bart is not installed")


@needs_bart
def test_bart_beats_zero_filling_and_costs_what_its_programs_cost() -> None:
    truth, kspace = mr_slice(0, 64, 4)
    zero = mr.magnitude_psnr(mr.zero_filled(kspace), truth)
    found = best_of(
        "BART", kspace, lambda image: mr.magnitude_psnr(image, truth), bart.l1_wavelet, (0.001, 0.003), kspace
    )
    assert found.quality > zero + 2
    assert found.parameter in (0.001, 0.003)
    assert found.cpu_s is not None
    assert found.cpu_s > 0
    with pytest.raises(InternalError, match="bart pics"):
        bart._pics(kspace, "--nonsense")


def test_files_for_bart_hold_what_was_given(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    array = (rng.normal(size=(3, 4, 1, 5)) + 1j * rng.normal(size=(3, 4, 1, 5))).astype(np.complex64)
    bart.write_cfl(tmp_path / "a", array)
    np.testing.assert_array_equal(bart.read_cfl(tmp_path / "a"), array)
    first = np.fromfile(tmp_path / "a.cfl", np.complex64)[:3]
    np.testing.assert_array_equal(first, array[:, 0, 0, 0])
