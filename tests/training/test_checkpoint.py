"""Weights are kept, found again, and blended."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from recon.training import checkpoint


def test_weights_between_start_and_end() -> None:
    start, trained = {"a": torch.zeros(3), "b": torch.ones(2)}, {"a": torch.ones(3), "b": torch.ones(2)}
    between = checkpoint.blended(trained, start, 0.25)
    assert torch.equal(between["a"], torch.full((3,), 0.25))
    assert torch.equal(between["b"], torch.ones(2))


def test_a_folder_without_a_training_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no training run \(checkpoint.safetensors\); recon train makes one"):
        checkpoint.load_average(tmp_path / "checkpoint.safetensors")
