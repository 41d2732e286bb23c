"""The training loop on a few small pictures: it learns, survives being killed, and exports."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
import yaml
from typer.testing import CliRunner

from recon.cli.main import app
from recon.networks.ct_denoiser import CtDenoiser
from recon.physics.reconstruction_kernel import SOFT, apply_kernel
from recon.tasks.ct.denoise import STEP_HU
from recon.training import checkpoint
from recon.training.ct import fit as fit_ct
from recon.training.ct import noise_bank
from recon.training.ct.export import read_return_px, write_onnx
from recon.training.ct.pairs import Patches, PatchSampler
from recon.training.export import read_weights
from recon.training.recipe import CtRecipe
from recon.training.trainer import key_of, trainer_of
from tests.conftest import body

TINY = {
    "channels": [16, 16, 16, 16],
    "blocks": [1, 1, 1, 1],
    "steps": 60,
    "batch": 4,
    "patch": 32,
    "learning_rate": 1e-3,
    "texture_share": 0.0,
    "sources": [{"name": "bodies", "path": "bodies", "reader": "dicom", "role": "ct"}],
}


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A work folder whose cache is filled, so that no data source is needed."""
    pictures = {f"{i}|bodies|ct|0.9": body(160, 0.0, i).astype(np.float16) for i in range(2)}
    recipe = CtRecipe.model_validate(TINY)
    np.savez(tmp_path / f"anatomy-{key_of(recipe, 'sources')}.npz", **pictures)  # type: ignore[arg-type]
    noise = np.random.default_rng(0).normal(0, 1, (2, 3, 160, 160))
    noise /= apply_kernel(noise[0, 0], SOFT, 0.75).std()  # as a bank is scaled
    bank = noise_bank.NoiseBank(noise.astype(np.float16), np.array([0.7, 0.8]), np.ones(64))
    noise_bank.save(bank, tmp_path / f"bank-{key_of(recipe, 'scenes', 'realisations', 'seed', 'sources')}")
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump({"trainer": "ct", **TINY}))
    return tmp_path


def test_the_shipped_recipe_is_valid() -> None:
    recipe = trainer_of(Path(__file__).parents[3] / "models" / "ct_denoise" / "recipe.yaml")[1]
    trained, held_out = ({source.path for source in part} for part in (recipe.sources, recipe.held_out))
    assert not trained & held_out, "evaluation data must not be training data"
    assert not any("ldct_pairs" in path for path in trained | held_out)


def test_patches_hold_a_full_dose_image_inside_the_low_dose_one(work: Path) -> None:
    """Noise that is added is independent of what the target holds, and three times its variance."""
    recipe = trainer_of(work / "recipe.yaml")[1]
    sampler = fit_ct.prepare_data(recipe, [], work)
    sampler._noise_level = lambda: 20.0  # type: ignore[method-assign]
    sampler._structure = lambda size, weights: (torch.full((size, size), 50.0), 0.4)  # type: ignore[method-assign]
    patches = sampler.draw(64, {})
    own, added = patches.full - 50.0, patches.low - patches.full
    ratio = float(added.var() / own.var())
    assert 2.0 < ratio < 5.0
    assert abs(float((own * added).mean())) < 0.1 * float(own.std() * added.std())
    assert float((own + added).std()) == pytest.approx(20.0, rel=0.35)


def test_the_loss_is_least_at_the_truth() -> None:
    low = torch.full((1, 1, 16, 16), 60.0)
    patches = Patches(low, torch.full((1, 1, 16, 16), 50.0), torch.tensor([10.0]), torch.tensor([0.3]), torch.ones(1))
    losses = []
    for noise in (5.0, 10.0, 15.0):
        output = torch.zeros(1, 3, 16, 16)
        output[:, 0] = noise
        losses.append(float(fit_ct.loss(output, patches)))
    assert losses[1] < min(losses[0], losses[2])


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
    network = CtDenoiser((16, 16, 16, 16), (1, 1, 1, 1))
    return network, {name: value.clone() for name, value in network.state_dict().items()}


def test_training_goes_on_from_a_served_file(work: Path) -> None:
    torch.manual_seed(5)
    network, _ = _fresh()
    for parameter in network.parameters():  # tensors that are alike, such as zeros, are one in the file
        parameter.data += 0.01 * torch.randn_like(parameter)
    served = work / "1" / "model.onnx"
    write_onnx(network.state_dict(), CtRecipe.model_validate(TINY), served)
    changes = {"start": str(served), "steps": 2, "learning_rate": 1e-9, "probe_weight": 0.3, "lesion_weight": 3.0}
    fit_ct.fit(CtRecipe.model_validate(TINY | changes), [], work, None, [])
    average = checkpoint.load_average(work / "checkpoint.safetensors")
    for name, weights in network.state_dict().items():
        torch.testing.assert_close(average[name], weights, atol=2e-3, rtol=1e-3)  # kept in half precision


@pytest.mark.parametrize("return_px", [0.0, 1.5])
def test_export_keeps_names_and_results(tmp_path: Path, return_px: float) -> None:
    torch.manual_seed(0)
    network = CtDenoiser((16, 16, 16, 16), (1, 1, 1, 1), return_px)
    for parameter in network.parameters():  # equal constants would be stored once, under one name
        torch.nn.init.normal_(parameter, std=0.05)
    weights = network.state_dict()
    recipe = CtRecipe.model_validate(TINY | {"return_px": return_px})
    path = tmp_path / "1" / "model.onnx"
    write_onnx(weights, recipe, path)
    assert set(read_weights(path)) == set(weights)
    assert read_return_px(path) == return_px
    hu = body(128, 20)[None, None, :96]
    session = onnxruntime.InferenceSession(str(path))
    (found,) = session.run(None, {"hu": hu})
    with torch.no_grad():
        noise, below, above = network(torch.from_numpy(hu)).numpy().swapaxes(0, 1)
    assert found.dtype == np.int16
    expected = np.stack([noise, np.maximum(below, above)], 1)
    # half a step of rounding, and weights are stored in half precision
    np.testing.assert_allclose(found * STEP_HU, expected, atol=STEP_HU / 2 + 0.02)


def test_sampling_is_reproducible(work: Path) -> None:
    recipe = trainer_of(work / "recipe.yaml")[1]
    first, second = (fit_ct.prepare_data(recipe, [], work).draw(3, {}) for _ in range(2))
    assert torch.equal(first.low, second.low)
    assert isinstance(fit_ct.prepare_data(recipe, [], work), PatchSampler)
