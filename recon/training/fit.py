"""The training loop that all models share: schedule, clipping, averaged weights, checkpoints."""

from __future__ import annotations

import contextlib
import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from recon.training import checkpoint


@dataclass(frozen=True)
class TrainingPlan:
    """How long and how fast to train.

    Attributes
    ----------
    steps
        Length of the run.
    learning_rate
        After a warm-up; falls to 1 % along half a cosine.
    minutes
        Wall-clock budget; the learning rate follows it when it ends before ``steps``.
    warm_up
        Steps over which the learning rate rises.
    memory
        Of the averaged weights: the share that a step leaves of what was before.
    """

    steps: int
    learning_rate: float
    minutes: float | None = None
    warm_up: int = 200
    memory: float = 0.999

    @classmethod
    def tuning(cls, steps: int, learning_rate: float, minutes: float | None) -> TrainingPlan:
        """From weights that are good already: a short warm-up, and an average over about a hundred steps."""
        return cls(steps, learning_rate, minutes, warm_up=40, memory=0.99)


def fit(
    network: nn.Module,
    loss: Callable[[int], Tensor],
    plan: TrainingPlan,
    work: Path,
    validate: Callable[[dict[str, Tensor]], object] | None = None,
) -> Path:
    """Train, resuming from ``work`` when a checkpoint is there.

    Parameters
    ----------
    network
        On the device to train on.
    loss
        The loss of a step, on data drawn for it; the same step draws the same data, so a resumed run
        goes on as if it had not been stopped.
    plan
        Length and learning rate.
    work
        Folder of the checkpoint.
    validate
        Scores averaged weights each time that a checkpoint is written.

    Returns
    -------
    Path
        The checkpoint.

    Raises
    ------
    FloatingPointError
        When the gradient is not finite.
    """
    work.mkdir(parents=True, exist_ok=True)
    average = {name: value.detach().clone() for name, value in network.state_dict().items()}
    optimizer = torch.optim.Adam(network.parameters(), lr=plan.learning_rate, betas=(0.9, 0.99))
    path = work / "checkpoint.safetensors"
    start = checkpoint.load(path, network, average, optimizer) if path.exists() else checkpoint.Progress()
    usual_norm = start.usual_norm  # of the gradient; steps of more than twice that are shortened
    save_every = int(os.environ.get("RECON_SAVE_EVERY", "1000"))
    running, began, step = 0.0, time.monotonic() - start.seconds, start.step
    while True:
        seconds = time.monotonic() - began
        progress = max(step / plan.steps, seconds / (60 * plan.minutes) if plan.minutes else 0.0)
        if progress >= 1:
            break
        rate = plan.learning_rate * _schedule(step, progress, plan.warm_up)
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.zero_grad(set_to_none=True)
        value = loss(step)
        value.backward()
        norm = float(nn.utils.clip_grad_norm_(network.parameters(), 2.0 * usual_norm))
        if not math.isfinite(norm):
            raise FloatingPointError(f"gradient is not finite at step {step}; lower the learning rate")
        usual_norm += 0.02 * (min(norm, 2.0 * usual_norm) - usual_norm)
        optimizer.step()
        step += 1
        decay = min(plan.memory, step / (step + 10))
        for name, tensor in network.state_dict().items():
            average[name].lerp_(tensor, 1 - decay)
        running += (float(value.detach()) - running) / min(step - start.step, 200)
        if step % 100 == 0:
            print(
                f"step {step} loss {running:.4f} norm {usual_norm:.3f} rate {rate:.1e} {seconds / 60:.1f} min",
                flush=True,
            )
        if step % save_every == 0:
            checkpoint.save(path, network, average, optimizer, checkpoint.Progress(step, seconds, usual_norm))
            if validate:
                print(f"step {step} validation {validate(average)}", flush=True)
    checkpoint.save(path, network, average, optimizer, checkpoint.Progress(step, seconds, usual_norm))
    return path


def pinball(difference: Tensor, quantile: float) -> Tensor:
    """Loss whose minimum over a constant is that quantile; Koenker & Bassett, Econometrica 46:33 (1978)."""
    return torch.maximum(quantile * difference, (quantile - 1.0) * difference)


def device() -> torch.device:
    """The GPU when there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def reduced_precision(where: torch.device) -> contextlib.AbstractContextManager[None]:
    """bfloat16 where the hardware multiplies it fast; elsewhere it is emulated, and five times slower."""
    fast = ("amx_bf16", "avx512_bf16")
    if where.type == "cuda" or any(torch.cpu.get_capabilities().get(name, False) for name in fast):
        return torch.autocast(where.type, dtype=torch.bfloat16)
    return contextlib.nullcontext()


def _schedule(step: int, progress: float, warm_up: int) -> float:
    """Linear warm-up, then half a cosine down to 1 %."""
    return min(1.0, (step + 1) / warm_up) * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * progress)))
