"""Weights are kept, found again, and blended."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from recon.training import checkpoint


def test_weights_between_start_and_end() -> None:
    start, trained = {"a": torch.zeros(3), "b": torch.ones(2)}, {"a": torch.ones(3), "b": torch.ones(2)}
    between = checkpoint.blended(trained, start, 0.25)
    assert torch.equal(between["a"], torch.full((3,), 0.25))
    assert torch.equal(between["b"], torch.ones(2))


def test_a_folder_without_a_training_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no training run \(checkpoint.safetensors\); recon train makes one"):
        checkpoint.load_average(tmp_path / "checkpoint.safetensors")


def _state() -> tuple[nn.Module, dict[str, Tensor], torch.optim.Optimizer]:
    network = nn.Linear(2, 1)
    average = {name: value.detach().clone() for name, value in network.state_dict().items()}
    return network, average, torch.optim.Adam(network.parameters())


def test_progress_is_kept_and_averages_stay_where_they_are(tmp_path: Path) -> None:
    """In place, so that they stay on the device of the weights."""
    path, kept = tmp_path / "checkpoint.safetensors", checkpoint.Progress(7, 1.5, 42.1)
    network, average, optimizer = _state()
    checkpoint.save(path, network, average, optimizer, kept)
    other, there, its_optimizer = _state()
    places = {name: value.data_ptr() for name, value in there.items()}
    assert checkpoint.load(path, other, there, its_optimizer) == kept
    assert {name: value.data_ptr() for name, value in there.items()} == places
    assert all(torch.equal(there[name], value) for name, value in average.items())


def test_checkpoints_from_before_the_norm_was_kept_are_read(tmp_path: Path) -> None:
    path, (network, average, optimizer) = tmp_path / "checkpoint.safetensors", _state()
    checkpoint.save(path, network, average, optimizer, checkpoint.Progress())
    save_file(load_file(path), path, {"progress": '{"step": 7, "seconds": 1.5}'})
    assert checkpoint.load(path, network, average, optimizer) == checkpoint.Progress(7, 1.5, 1.0)
