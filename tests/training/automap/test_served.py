"""What Triton serves is the trained network, of the encoding that it says, and better than what it replaces."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import numpy as np
import pytest
import torch

from recon.backend import dautomap
from recon.backend.automap import AutomapReconstruction
from recon.backend.python_model import RequestRefused
from recon.networks.automap import AcquiredToImage, Automap
from recon.networks.dautomap import Dautomap
from recon.physics.encoding import DELAY, NAMES, SIDE, encoding
from recon.physics.fourier import to_image, to_kspace
from recon.quality.trained_encoding import encoding_checks
from recon.quality.verdict import Verdict, verdict_of
from recon.training.automap import conventional, served
from recon.training.automap.export import export_automap, export_dautomap
from recon.training.automap.initialise import eight_bits
from recon.training.automap.metrics import fidelity
from recon.training.automap.recipe import AutomapRecipe, DautomapRecipe
from recon.training.recipe import read

ROOT = Path(__file__).parents[3]
REPOSITORY, MODELS = ROOT / "triton_repo", ROOT / "models"
SHIPPED = [name for name in NAMES if (REPOSITORY / f"automap_{name}" / "config.pbtxt").exists()]


def _parameters(folder: Path) -> dict[str, str]:
    text = (folder / "config.pbtxt").read_text()
    return dict(re.findall(r'key: "([^"]+)" value: \{ string_value: "([^"]*)" \}', text))


def _phantom(side: int) -> np.ndarray:
    y, x = np.mgrid[-1 : 1 : 4 * side * 1j, -1 : 1 : 4 * side * 1j]
    head = 0.9 * (np.hypot(y / 0.85, x / 0.65) < 1) - 0.5 * (np.hypot(y / 0.75, x / 0.55) < 1)
    for top, left, size, value in ((-0.2, -0.2, 0.2, 0.3), (0.3, 0.15, 0.15, -0.25), (-0.1, 0.25, 0.1, 0.5)):
        head = head + value * (np.hypot(y - top, x - left) < size)
    fine = head * np.exp(1j * (0.3 + 0.6 * y - 0.4 * x * x))
    return fine.reshape(side, 4, side, 4).mean((1, 3)).astype(np.complex64)  # pixels are areas, not points


@pytest.mark.parametrize("name", SHIPPED)
def test_served_is_the_network(name) -> None:
    folder = REPOSITORY / f"automap_{name}"
    recipe = read(MODELS / f"automap_{name}" / "recipe.yaml", AutomapRecipe)
    network, scale = served.load_automap(recipe, folder)
    model = AutomapReconstruction(folder / "1")
    samples = torch.from_numpy(np.random.default_rng(1).normal(size=(1, 2, len(model.measured))).astype(np.float32))
    with torch.inference_mode():
        expected = network(samples).numpy()
    np.testing.assert_allclose(
        [model.raw_output(samples[0, 0].numpy() + 1j * samples[0, 1].numpy())],
        expected,
        atol=2e-3 * np.abs(expected).max(),
    )
    assert scale == pytest.approx(model.image_scale)


@pytest.mark.parametrize("name", SHIPPED)
def test_served_image_of_a_phantom(name) -> None:
    folder, scheme, truth = REPOSITORY / f"automap_{name}", encoding(name), _phantom(SIDE)
    model = AutomapReconstruction(folder / "1")
    samples = scheme.forward(truth)
    rng = np.random.default_rng(2)
    noise = rng.normal(size=samples.shape) + 1j * rng.normal(size=samples.shape)
    samples = samples + noise * np.sqrt(np.mean(np.abs(samples) ** 2) / 2) * 10 ** (-28 / 20)
    unit = np.float32(1e-6)  # a scanner's
    raw = scheme.put(samples.astype(np.complex64)) * unit
    planes = model(raw, raw != 0, scheme.trajectory)
    assert planes.shape == (5, SIDE, SIDE)
    assert planes.dtype == np.float32
    ours = fidelity(planes[None, 0] + 1j * planes[None, 1], truth[None] * unit)
    direct = fidelity(conventional.direct(scheme, samples)[None], truth[None])
    assert ours.rmse < 0.95 * direct.rmse
    factor = float(_parameters(folder)["conformal_factor.1"])
    inside = np.abs(truth) > 0.05
    error = np.abs(np.hypot(planes[0], planes[1]) - np.abs(truth) * unit)
    assert 0.7 < np.mean((error <= factor * (planes[2] + planes[3]) / 2)[inside]) <= 1
    left = planes[4] if not scheme.cartesian else np.linalg.norm(planes[4]) / np.linalg.norm(raw)
    assert 0.001 < np.max(left) < 0.3
    assert (
        verdict_of(encoding_checks(raw, raw != 0, scheme.trajectory, 0.0, _parameters(folder), scheme)) == Verdict.PASS
    )


@pytest.mark.parametrize("name", [*(f"automap_{n}" for n in SHIPPED), "dautomap"])
def test_configuration_names_its_files(name) -> None:
    folder = REPOSITORY / name
    if not (folder / "config.pbtxt").exists():
        pytest.skip("not exported yet")
    parameters = _parameters(folder)
    files = [folder / "1" / file for file in parameters["files.1"].split(",")]
    assert hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest() == parameters["sha256.1"]
    assert parameters["task"] == "mr"


@pytest.mark.parametrize("name", SHIPPED)
def test_served_encoding_is_the_packages(name) -> None:
    folder, scheme = REPOSITORY / f"automap_{name}", encoding(name)
    model = AutomapReconstruction(folder / "1")
    np.testing.assert_array_equal(model.measured, scheme.measured)
    assert model.delay == (DELAY if name == "misaligned" else 0)
    if not scheme.cartesian:
        np.testing.assert_array_equal(model.trajectory, scheme.trajectory)
    assert _parameters(folder)["encoding"] == name
    with pytest.raises(RequestRefused, match="this network is for"):
        model(np.ones((10, 10), np.complex64), np.ones((10, 10), bool))


def test_export_keeps_the_network(tmp_path) -> None:
    torch.manual_seed(1)
    scheme = encoding("spiral")
    rng = np.random.default_rng(1)
    size = (SIDE * SIDE, len(scheme.positions))
    matrix = ((rng.normal(size=size) + 1j * rng.normal(size=size)) * 0.03).astype(np.complex64)
    stored = eight_bits(matrix)
    layer = AcquiredToImage(*size)
    layer.get_buffer("weight").copy_(torch.from_numpy(stored.weight * stored.row[:, None]))
    layer.get_buffer("column").copy_(torch.from_numpy(stored.column))
    recipe = AutomapRecipe(encoding="spiral", first_rank=4, second_rank=4, channels=8, steps=1, sources=[])
    network = Automap(layer, size[1], SIDE, 4, 4, 8).eval()
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.02)
    export_automap(network, stored, 0.3, 1.2, recipe, tmp_path / "automap_spiral")
    back, scale = served.load_automap(recipe, tmp_path / "automap_spiral")
    samples = torch.randn(2, 2, size[1])
    with torch.inference_mode():
        wanted, found = network(samples), back(samples)
    torch.testing.assert_close(found, wanted, atol=5e-3, rtol=5e-3)
    assert scale == pytest.approx(0.3)
    # a byte a weight of the inverse, and little else
    assert (tmp_path / "automap_spiral" / "1" / "model.onnx").stat().st_size < 1.05 * stored.weight.size


def test_dautomap_export_and_serving(tmp_path) -> None:
    torch.manual_seed(1)
    recipe = DautomapRecipe(channels=(8, 8, 8), steps=1, sources=[])
    network = Dautomap(recipe.side, recipe.channels, recipe.blocks).eval()
    folder = tmp_path / "dautomap"
    export_dautomap(network, 1.0, recipe, folder)
    model = dautomap.DautomapReconstruction(folder / "1")
    kspace = to_kspace(_phantom(recipe.side))
    planes = model(kspace, kspace != 0)
    with torch.inference_mode():
        scale = np.sqrt(np.mean(np.abs(kspace) ** 2))
        unit = torch.from_numpy(np.stack([kspace.real, kspace.imag])[None] / scale)
        expected = network(unit).numpy()[0] * scale
    np.testing.assert_allclose(planes[:4], expected, atol=5e-3 * np.abs(expected).max())
    # untrained, it is the inverse DFT
    np.testing.assert_allclose(planes[0] + 1j * planes[1], to_image(kspace), atol=0.1)
