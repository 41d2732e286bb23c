"""The loop learns, goes on where it was stopped, and stops where nothing is finite."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from recon.training import checkpoint
from recon.training.fit import TrainingPlan, fit, pinball


class Line(nn.Module):
    """y = a x + b."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Parameter(torch.zeros(())), nn.Parameter(torch.zeros(()))


def trained(work: Path, steps: int) -> tuple[Line, dict[str, torch.Tensor]]:
    network = Line()

    def loss(step: int) -> torch.Tensor:
        x = torch.rand(32, generator=torch.Generator().manual_seed(step))
        return (network.a * x + network.b - (2 * x + 1)).square().mean()

    path = fit(network, loss, TrainingPlan(steps, 0.1, warm_up=5, memory=0.9), work)
    return network, checkpoint.load_average(path)


def test_it_learns(tmp_path: Path) -> None:
    network, average = trained(tmp_path, 300)
    assert float(network.a) == pytest.approx(2, abs=0.1)
    assert float(network.b) == pytest.approx(1, abs=0.1)
    assert float(average["a"]) == pytest.approx(2, abs=0.1)


def test_it_goes_on_where_it_stopped(tmp_path: Path) -> None:
    trained(tmp_path, 20)
    network, average = Line(), {"a": torch.zeros(()), "b": torch.zeros(())}
    optimizer = torch.optim.Adam(network.parameters())
    assert checkpoint.load(tmp_path / "checkpoint.safetensors", network, average, optimizer).step == 20
    again, _ = trained(tmp_path, 20)
    assert float(again.a.detach()) == float(network.a.detach())  # nothing was left to do
    trained(tmp_path, 25)
    assert checkpoint.load(tmp_path / "checkpoint.safetensors", network, average, optimizer).step == 25


def test_a_run_that_was_stopped_ends_where_it_would_have(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bit for bit, with gradients far longer than the norm that a run begins with."""
    monkeypatch.setenv("RECON_SAVE_EVERY", "10")

    def run(work: Path, stop_at: int | None) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
        network = Line()

        def loss(step: int) -> torch.Tensor:
            if step == stop_at:
                raise KeyboardInterrupt
            x = torch.rand(32, generator=torch.Generator().manual_seed(step))
            return 100 * (1 + step % 7) * (network.a * x + network.b - (2 * x + 1)).square().mean()

        path = fit(network, loss, TrainingPlan(60, 0.1, warm_up=5, memory=0.9), work)
        return network.state_dict(), checkpoint.load_average(path)

    through = run(tmp_path / "through", None)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "stopped", 35)
    again = run(tmp_path / "stopped", None)
    for one, other in zip(through, again, strict=True):
        assert {name: float(value) for name, value in one.items()} == {name: float(v) for name, v in other.items()}


def test_scores_are_taken_when_weights_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECON_SAVE_EVERY", "3")
    network, scored = Line(), []

    def validate(average: dict[str, torch.Tensor]) -> str:
        scored.append(set(average))
        return "good"

    fit(network, lambda step: (network.a + network.b - 1) ** 2, TrainingPlan(7, 0.1), tmp_path, validate)
    assert scored == [{"a", "b"}] * 2


def test_what_is_not_finite_is_said(tmp_path: Path) -> None:
    network = Line()
    with pytest.raises(FloatingPointError, match="at step 0; lower the learning rate"):
        fit(network, lambda step: network.a * float("nan"), TrainingPlan(3, 0.1), tmp_path)


@pytest.mark.parametrize("quantile", [0.05, 0.5, 0.95])
def test_pinball_is_least_at_the_quantile(quantile: float) -> None:
    values = torch.randn(4000, generator=torch.Generator().manual_seed(0))
    places = torch.linspace(-3, 3, 301)
    costs = [float(pinball(values - place, quantile).mean()) for place in places]
    assert float(places[int(np.argmin(costs))]) == pytest.approx(float(values.quantile(quantile)), abs=0.05)
