"""Pictures are read, a training runs and resumes, a card takes its figures."""

from __future__ import annotations

import json

import nibabel as nib
import numpy as np
import pytest
import torch
from PIL import Image

from recon.training import checkpoint
from recon.training.automap import card, fit, fit_dautomap, images, last_layer
from recon.training.automap.recipe import AutomapRecipe, DautomapRecipe, PictureSource

SOURCES = [
    PictureSource(name="head", path="head.nii.gz", kind="anatomy", every=4),
    PictureSource(name="photographs", path="photos", kind="photographs"),
]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    z, y, x = np.mgrid[-1:1:24j, -1:1:30j, -1:1:20j]
    volume = 500.0 * (z**2 + y**2 + x**2 < 0.8) + 300 * (z**2 + y**2 + x**2 < 0.3)
    nib.save(nib.Nifti1Image(volume.astype(np.float32), np.diag([2.0, 2.0, 3.0, 1.0])), folder / "head.nii.gz")
    (folder / "photos").mkdir()
    noise = np.random.default_rng(0).integers(0, 255, (300, 400, 3), np.uint8)
    Image.fromarray(noise).save(folder / "photos" / "noise.png")
    return folder


def test_pictures_of_both_kinds(data) -> None:
    bank = images.load(SOURCES, [data / "nowhere", data], 64)
    assert bank.anatomy.shape[1:] == bank.photographs.shape[1:] == (64, 64)
    assert len(bank.anatomy) > 5
    assert len(bank.photographs) >= 1
    assert bank.anatomy.max() > 200
    # a slice is isotropic: this one along the third axis, 48 mm by 60 mm
    rows, columns = (np.flatnonzero(bank.anatomy[-1].max(axis)) for axis in (1, 0))
    assert (np.ptp(rows) + 1) / (np.ptp(columns) + 1) == pytest.approx(60 / 48, rel=0.15)


def test_missing_pictures_are_named(data) -> None:
    with pytest.raises(FileNotFoundError, match="elsewhere"):
        images.load([PictureSource(name="x", path="elsewhere", kind="anatomy")], [data])


def test_training_runs_and_resumes(data, tmp_path) -> None:
    recipe = AutomapRecipe(
        encoding="misaligned", channels=4, first_rank=2, second_rank=2, steps=2, batch=2, sources=SOURCES
    )
    path = fit.train(recipe, [data], tmp_path / "work", None)
    first = checkpoint.load_average(path)
    longer = recipe.model_copy(update={"steps": 3})
    second = checkpoint.load_average(fit.train(longer, [data], tmp_path / "work", None))
    assert set(first) == set(second)
    assert any(not torch.equal(first[name], second[name]) for name in first)


def test_a_learned_step_lowers_the_loss(data, tmp_path) -> None:
    torch.manual_seed(0)
    recipe = AutomapRecipe(encoding="misaligned", channels=8, steps=1, batch=4, sources=SOURCES, photographs=0)
    sampler = fit.Sampler(images.load(SOURCES, [data]), 0.0)
    np.savez(tmp_path / "initial.npz", image_scale=1.0)
    network, scale = fit.build(recipe, tmp_path / "initial.npz")
    loss = fit.AutomapLoss(network, recipe, sampler, scale)
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-4)
    before = float(loss(7).detach())
    for _ in range(25):
        optimizer.zero_grad()
        value = loss(7)
        value.backward()
        optimizer.step()
    assert float(loss(7).detach()) < before


def test_dautomap_lines_and_training(data, tmp_path) -> None:
    recipe = DautomapRecipe(side=64, crop=32, channels=(4, 4, 4), steps=1, batch=2, sources=SOURCES)
    masks = [fit_dautomap.lines(DautomapRecipe(steps=1, sources=[]), np.random.default_rng(n)) for n in range(30)]
    assert all(mask[128 - 8 : 128 + 8].all() for mask in masks)
    assert 1.5 < np.mean([len(mask) / mask.sum() for mask in masks]) < 4.5
    path = fit_dautomap.train(recipe, [data], tmp_path / "work", None)
    assert "along_readout.real" in checkpoint.load_average(path)


def test_card_takes_figures(tmp_path) -> None:
    folder = tmp_path / "automap_radial"
    folder.mkdir()
    shipped = {
        "conformal_factor": 0.9,
        "coverage_on_other_slices": {"25 dB": 0.9},
        "bytes": 16_000_000,
        "psnr_decibel": {"as shipped": 28.123},
        "training": {"steps": 10, "minutes": 1.0},
    }
    (folder / "shipped.json").write_text(json.dumps(shipped))
    text = card.fill("a\n<!-- SIZE -->\nold\n<!-- /SIZE -->\nb", tmp_path)
    assert "old" not in text
    assert "28.12" in text
    assert text.startswith("a\n")
    assert text.endswith("\nb")


def test_last_layer_by_least_squares_denoises(data, tmp_path) -> None:
    recipe = AutomapRecipe(
        encoding="misaligned",
        channels=8,
        steps=1,
        batch=4,
        sources=SOURCES,
        photographs=0,
        least_decibel=20,
        most_decibel=20,
    )
    np.savez(tmp_path / "initial.npz", image_scale=1.0)
    network, scale = fit.build(recipe, tmp_path / "initial.npz")
    loss = fit.AutomapLoss(network, recipe, fit.Sampler(images.load(SOURCES, [data]), 0.0), scale)

    def error():
        samples, truth = loss.draw(3)
        with torch.inference_mode():
            out = network(samples)
        width = float((out[:, 2] + out[:, 3]).mean() / 2)
        return float((torch.complex(out[:, 0], out[:, 1]) - truth).abs().square().mean().sqrt()), width

    before = error()[0]
    last_layer.solve(network, loss.draw, 3, 400)
    after, width = error()
    # random features and no noise but one level: still a fair part of it goes
    assert after < 0.96 * before
    assert 0.5 < width / after < 3
