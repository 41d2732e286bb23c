"""Models are listed and verified."""

from __future__ import annotations

import json
from pathlib import Path

from recon.backend.configuration import ModelConfig, write_config
from recon.engine.repository import default_repository
from tests.cli.command import recon


def test_models_are_listed_and_verified(service: str, tmp_path: Path) -> None:
    done = recon("models", "--server", service, "--verify", default_repository(), "--json")
    assert done.returncode == 0, done.stderr
    models = {model["name"]: model for model in json.loads(done.stdout)["models"]}
    assert {"ct_denoise", "zero-filled", "sense", "l1-wavelet"} <= set(models)
    assert all(model["verified"] for model in models.values())
    nothing = recon("models", "--server", service, "--verify", tmp_path)
    assert nothing.returncode == 2
    assert "no model repository" in nothing.stderr
    version = tmp_path / "other" / "1"
    version.mkdir(parents=True)
    (version / "model.onnx").write_bytes(b"other weights")
    write_config(version.parent, "1", ModelConfig("ct", "Other", "network", [], []), ["model.onnx"], 1.0, "")
    assert recon("models", "--server", service, "--verify", tmp_path).returncode == 1
