"""The other commands, as a user runs them."""

from __future__ import annotations

import json
from pathlib import Path

import nibabel as nib
import numpy as np

from tests.cli.command import recon
from tests.conftest import body


def _save(path: Path, image: np.ndarray) -> Path:
    nib.save(nib.Nifti1Image(image[:, :, None], np.diag([0.7, 0.7, 3, 1])), path)
    return path


def test_simulate_then_evaluate(service: str, tmp_path: Path) -> None:
    """A full-dose scan is made noisy, denoised, and measured; the network must beat its input."""
    full = _save(tmp_path / "full.nii.gz", body(256, 8.0))
    done = recon("simulate", "ct", full, "-o", tmp_path / "low", "--dose-fraction", 0.25)
    assert done.returncode == 0, done.stderr
    low = tmp_path / "low" / "full" / "image.nii.gz"
    added = (nib.load(low).get_fdata() - nib.load(full).get_fdata())[:, :, 0]
    tissue = (body(256, 0.0) > -200) & (body(256, 0.0) < 200)
    assert 9 < added[tissue].std() < 20  # three times the variance of 8 HU is 13.9 HU
    done = recon("evaluate", "ct", "--low", low, "--full", full, "-o", tmp_path / "e", "--server", service)
    assert done.returncode == 0, done.stderr
    methods = json.loads((tmp_path / "e" / "evaluation.json").read_text())["methods"]
    assert set(methods) == {"low dose", "recon", "total variation", "BM3D", "bilateral"}
    assert methods["recon"]["rmse_ratio"] < 0.9
    assert 0.9 < methods["recon"]["mtf50_ratio"] < 1.1
    kept = json.loads((tmp_path / "e" / "evaluation.json").read_text())["lesions"]["4 mm, 20 HU"]
    assert 0.2 < kept["kept_p10"] <= kept["kept_median"] < 1.2
    assert (tmp_path / "e" / "evaluation.png").stat().st_size > 50_000
