"""The other commands, as a user runs them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from recon.cli.main import main
from recon.engine.repository import default_repository
from tests.conftest import body


def _recon(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "recon.cli", *map(str, words)], capture_output=True, text=True, check=False, timeout=240
    )


def _save(path: Path, image: np.ndarray) -> Path:
    nib.save(nib.Nifti1Image(image[:, :, None], np.diag([0.7, 0.7, 3, 1])), path)
    return path


def test_models_are_listed_and_verified(service: str, tmp_path: Path) -> None:
    done = _recon("models", "--server", service, "--verify", default_repository(), "--json")
    assert done.returncode == 0, done.stderr
    models = {model["name"]: model for model in json.loads(done.stdout)["models"]}
    assert {"ct_denoise", "zero-filled", "sense", "l1-wavelet"} <= set(models)
    assert all(model["verified"] for model in models.values())
    assert _recon("models", "--server", service, "--verify", tmp_path).returncode == 1


def test_simulate_then_evaluate(service: str, tmp_path: Path) -> None:
    """A full-dose scan is made noisy, denoised, and measured; the network must beat its input."""
    full = _save(tmp_path / "full.nii.gz", body(256, 8.0))
    done = _recon("simulate", "ct", full, "-o", tmp_path / "low", "--dose-fraction", 0.25)
    assert done.returncode == 0, done.stderr
    low = tmp_path / "low" / "full" / "image.nii.gz"
    added = (nib.load(low).get_fdata() - nib.load(full).get_fdata())[:, :, 0]
    tissue = (body(256, 0.0) > -200) & (body(256, 0.0) < 200)
    assert 9 < added[tissue].std() < 20  # three times the variance of 8 HU is 13.9 HU
    done = _recon("evaluate", "ct", "--low", low, "--full", full, "-o", tmp_path / "e", "--server", service)
    assert done.returncode == 0, done.stderr
    methods = json.loads((tmp_path / "e" / "evaluation.json").read_text())["methods"]
    assert set(methods) == {"low dose", "recon", "total variation", "BM3D", "bilateral"}
    assert methods["recon"]["rmse_ratio"] < 0.9
    assert 0.9 < methods["recon"]["mtf50_ratio"] < 1.1
    kept = json.loads((tmp_path / "e" / "evaluation.json").read_text())["lesions"]["4 mm, 20 HU"]
    assert 0.2 < kept["kept_p10"] <= kept["kept_median"] < 1.2
    assert (tmp_path / "e" / "evaluation.png").stat().st_size > 50_000


@pytest.mark.parametrize("words", [("ct",), ("ct", "x", "-o", "y", "--strength", "much"), ("nonsense",)])
def test_wrong_usage_is_status_2(
    words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["recon", *words])
    with pytest.raises(SystemExit) as done:
        main()
    assert done.value.code == 2
    assert "Traceback" not in capsys.readouterr().err


def test_version() -> None:
    assert _recon("--version").stdout.strip() == "0.1.0"
