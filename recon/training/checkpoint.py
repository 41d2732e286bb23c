"""Checkpoints as safetensors: data, never code."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn


@dataclass(frozen=True)
class Progress:
    """How far a training run has come.

    Attributes
    ----------
    step, seconds
        Taken and spent.
    usual_norm
        Of the gradient, which steps are shortened by; 1, where a run begins, in checkpoints that do not hold it.
    """

    step: int = 0
    seconds: float = 0.0
    usual_norm: float = 1.0


def save(
    path: Path,
    network: nn.Module,
    average: dict[str, Tensor],
    optimizer: torch.optim.Optimizer,
    progress: Progress,
) -> None:
    """Write a checkpoint so that a kill at any moment leaves the old or the new one whole."""
    tensors = {f"weights/{name}": value.contiguous() for name, value in network.state_dict().items()}
    tensors |= {f"average/{name}": value.contiguous() for name, value in average.items()}
    names = [name for name, _ in network.named_parameters()]
    for index, state in optimizer.state_dict()["state"].items():
        for key, value in state.items():
            tensors[f"optimizer/{names[index]}/{key}"] = torch.as_tensor(value).contiguous()
    temporary = path.with_suffix(".partial")
    save_file(tensors, temporary, {"progress": json.dumps(asdict(progress))})
    os.replace(temporary, path)


def load(path: Path, network: nn.Module, average: dict[str, Tensor], optimizer: torch.optim.Optimizer) -> Progress:
    """Restore a checkpoint in place and return its progress."""
    with safe_open(path, "pt") as archive:
        progress = Progress(**json.loads(archive.metadata()["progress"]))
        network.load_state_dict({n: archive.get_tensor(f"weights/{n}") for n in network.state_dict()})
        for name in average:
            average[name].copy_(archive.get_tensor(f"average/{name}"))  # stays on its device
        state: dict[int, dict[str, Any]] = {}
        keys = set(archive.keys())
        for index, (name, _) in enumerate(network.named_parameters()):
            parts = ("exp_avg", "exp_avg_sq", "step")
            if f"optimizer/{name}/step" in keys:
                state[index] = {p: archive.get_tensor(f"optimizer/{name}/{p}") for p in parts}
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})
    return progress


def load_average(path: Path) -> dict[str, Tensor]:
    """The averaged weights of a checkpoint, which are the ones to ship.

    Raises
    ------
    FileNotFoundError
        When nothing was trained there.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path.parent} holds no training run ({path.name}); recon train makes one")
    with safe_open(path, "pt") as archive:
        return {
            key.removeprefix("average/"): archive.get_tensor(key)
            for key in archive.keys()  # noqa: SIM118  (safe_open is no mapping)
            if key.startswith("average/")
        }


def blended(trained: dict[str, Tensor], start: dict[str, Tensor], share: float) -> dict[str, Tensor]:
    """Weights between those that a training began from and those that it ended with.

    A short training that learns one thing forgets a little of another; between the two weights most of both is
    kept: Wortsman et al., CVPR 2022, "Robust fine-tuning of zero-shot models".

    Parameters
    ----------
    trained, start
        Of the same network.
    share
        Of the trained weights, 0 to 1.
    """
    return {name: torch.lerp(start[name].to(tensor.dtype), tensor, share) for name, tensor in trained.items()}
