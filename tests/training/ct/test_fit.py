"""The training loop on a few small pictures: it learns, survives being killed, and exports."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
import yaml
from typer.testing import CliRunner

from recon.cli.main import app
from recon.networks.ct_denoiser import CtDenoiser
from recon.training import checkpoint
from recon.training.ct import fit as fit_ct
from recon.training.ct.pairs import Patches
from recon.training.recipe import CtRecipe
from recon.training.trainer import trainer_of
from tests.training.ct.tiny import TINY


def test_the_shipped_recipe_is_valid() -> None:
    recipe = trainer_of(Path(__file__).parents[3] / "models" / "ct_denoise" / "recipe.yaml")[1]
    trained, held_out = ({source.path for source in part} for part in (recipe.sources, recipe.held_out))
    assert not trained & held_out, "evaluation data must not be training data"
    assert not any("ldct_pairs" in path for path in trained | held_out)


def test_the_loss_is_least_at_the_truth() -> None:
    low = torch.full((1, 1, 16, 16), 60.0)
    patches = Patches(low, torch.full((1, 1, 16, 16), 50.0), torch.tensor([10.0]), torch.tensor([0.3]), torch.ones(1))
    losses = []
    for noise in (5.0, 10.0, 15.0):
        output = torch.zeros(1, 3, 16, 16)
        output[:, 0] = noise
        losses.append(float(fit_ct.loss(output, patches)))
    assert losses[1] < min(losses[0], losses[2])


@pytest.mark.service
def test_training_learns_and_resumes_where_it_was_killed(work: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "recon.cli",
        "train",
        "ct_denoise",
        "--data",
        str(work),
        "--work",
        str(work),
        "--recipe",
        str(work / "recipe.yaml"),
    ]
    recipe = TINY | {"trainer": "ct", "steps": 100_000}
    (work / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | {"RECON_SAVE_EVERY": "10"})
    deadline = time.monotonic() + 120
    while not (work / "checkpoint.safetensors").exists():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.wait()
    network, average = _fresh()
    optimizer = torch.optim.Adam(network.parameters())
    before = checkpoint.load(work / "checkpoint.safetensors", network, average, optimizer)
    assert before.step >= 10
    (work / "recipe.yaml").write_text(yaml.safe_dump(TINY | {"trainer": "ct", "steps": before.step + 20}))
    done = CliRunner().invoke(app, command[3:])
    assert done.exit_code == 0, done.output
    assert "checkpoint:" in done.stdout
    after = checkpoint.load(work / "checkpoint.safetensors", network, average, optimizer)
    assert after.step == before.step + 20


def _fresh() -> tuple[CtDenoiser, dict[str, torch.Tensor]]:
    network = CtDenoiser((16, 16), (1, 1))
    return network, {name: value.clone() for name, value in network.state_dict().items()}


def test_training_goes_on_from_a_served_file(work: Path, served: tuple[CtDenoiser, Path]) -> None:
    network, path = served
    changes = {"start": str(path), "steps": 2, "learning_rate": 1e-9, "probe_weight": 0.3, "lesion_weight": 3.0}
    fit_ct.fit(CtRecipe.model_validate(TINY | changes), [], work, None, [])
    average = checkpoint.load_average(work / "checkpoint.safetensors")
    for name, weights in network.state_dict().items():
        torch.testing.assert_close(average[name], weights, atol=2e-3, rtol=1e-3)  # kept in half precision
