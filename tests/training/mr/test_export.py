"""What is served is what was trained."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch

from recon.backend import mr_unrolled
from recon.backend.runtime import runtime_of
from recon.networks.mr_unrolled import UnrolledNetwork
from recon.physics import sampling
from recon.physics.espirit import centre_of, sensitivities
from recon.physics.thermal_noise import outer_noise
from recon.training.mr.coils import receive_maps
from recon.training.mr.export import export_mr
from recon.training.mr.fit import served_weights
from recon.training.mr.masks import poisson_disc
from recon.training.mr.recipe import MrRecipe
from recon.training.mr.sampler import SampledScan, acquire
from recon.training.recipe import read

pytestmark = pytest.mark.long

SERVED = Path(__file__).parents[3] / "triton_repo" / "mr_unrolled" / "1"
RECIPE = MrRecipe(steps=1, channels=(16, 24), blocks=(1, 1), repeats=3, sources=[])


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A small network whose weights do something, and its export."""
    torch.manual_seed(0)
    network = UnrolledNetwork(RECIPE.channels, RECIPE.blocks, repeats=RECIPE.repeats).eval()
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if "tail" in name or "modulate" in name:
                parameter.normal_(std=0.03)
            if "weight.weight" in name:
                parameter.normal_(std=0.3)
    folder = tmp_path_factory.mktemp("repository") / "mr_unrolled"
    return network, export_mr(network.state_dict(), RECIPE, 1.25, folder)


def scan(coils: int, mask: np.ndarray, noise: float = 0.01, seed: int = 0) -> SampledScan:
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[-1 : 1 : mask.shape[0] * 1j, -1 : 1 : mask.shape[1] * 1j]
    image = ((x / 0.7) ** 2 + (y / 0.8) ** 2 < 1) * (1 + 0.3 * np.sin(9 * x) * np.cos(7 * y)) * np.exp(1j * x)
    return acquire(image.astype(np.complex64), receive_maps(coils, rng), mask, noise, rng)


def some_mask(kind: str, shape: tuple[int, int]) -> np.ndarray:
    if kind == "columns":
        return np.broadcast_to(sampling.equispaced(shape[1], 3, 20), shape)
    if kind == "disc":
        return poisson_disc(shape, 4.0, 20, 0)
    return np.ones(shape, bool)


def runtimes(exported, kind: str):
    return mr_unrolled.Unrolled([runtime_of(path, kind, exact=True) for path in exported.weights])


@pytest.mark.parametrize("kind", ["onnxruntime", "openvino"])
@pytest.mark.parametrize(
    ("coils", "shape", "mask"),
    [(4, (96, 80), "columns"), (1, (70, 64), "columns"), (3, (81, 93), "disc"), (12, (64, 64), "full")],
)
def test_served_loop_is_the_trained_network(small, kind, coils, shape, mask) -> None:
    network, exported = small
    made = scan(coils, some_mask(mask, shape))
    kspace, sampled = made.kspace.numpy(), made.mask.numpy() > 0
    assert sampling.calibration_size(sampled) == made.calibration
    centre = centre_of(kspace, made.calibration)
    maps, _ = sensitivities(centre, sampled.shape, outer_noise(kspace, sampled))
    with torch.no_grad():
        expected = network(made.kspace, made.mask, made.calibration, torch.from_numpy(maps))
    planes = runtimes(exported, kind)(kspace, sampled)
    image = expected.estimates[-1].numpy()
    tolerance = 2e-3 * np.abs(image).max()  # weights of half precision
    np.testing.assert_allclose(planes[0] + 1j * planes[1], image, atol=tolerance)
    np.testing.assert_allclose(planes[2:4], expected.widths.numpy(), atol=tolerance)
    assert (planes[2:4] > 0).all()


def test_the_configuration_names_what_is_there(small) -> None:
    _, exported = small
    text = exported.config.read_text()
    found = hashlib.sha256(b"".join(path.read_bytes() for path in exported.weights)).hexdigest()
    assert f'"sha256.1" value: {{ string_value: "{found}" }}' in text
    assert 'string_value: "cascade1.onnx,cascade2.onnx,cascade3.onnx"' in text
    assert 'string_value: "1.2500"' in text


def test_the_recipe_repeats_as_often_as_the_server() -> None:
    recipe = read(SERVED.parents[2] / "models" / "mr_unrolled" / "recipe.yaml", MrRecipe)
    assert recipe.repeats == mr_unrolled.REPEATS
    assert recipe.cascades == len(mr_unrolled.CASCADES)


def test_many_coils_are_compressed(small) -> None:
    _, exported = small
    mask = some_mask("columns", (72, 64))
    kspace = scan(32, mask, noise=0.0).kspace.numpy()
    assert np.isfinite(runtimes(exported, "onnxruntime")(kspace, mask)).all()


def test_residual_is_what_the_image_leaves_unexplained(small) -> None:
    """Noise of the measured samples is left over; of a noise-free scan little is."""
    _, exported = small
    run = runtimes(exported, "onnxruntime")
    mask = some_mask("full", (64, 64))
    clean, noisy = (scan(6, mask, noise=n).kspace.numpy() for n in (0.0, 0.2))
    left = [np.sqrt((run(k, mask)[4] ** 2).sum() / (np.abs(k) ** 2).sum()) for k in (clean, noisy)]
    assert left[0] < 0.3  # the weights are random: what they add is unexplained
    assert left[1] > left[0] + 0.1


def test_the_unit_of_the_kspace_is_kept(small) -> None:
    _, exported = small
    run = runtimes(exported, "onnxruntime")
    mask = some_mask("columns", (64, 64))
    kspace = scan(4, mask).kspace.numpy()
    np.testing.assert_allclose(run(kspace * np.float32(1e-6), mask), 1e-6 * run(kspace, mask), rtol=1e-2, atol=1e-9)


def test_without_a_centre_of_kspace_nothing_is_claimed(small) -> None:
    """No sensitivities can be seen: a black image whose interval holds everything, no NaN."""
    _, exported = small
    mask = np.ones((64, 64), bool)
    mask[24:40, 24:40] = False
    planes = runtimes(exported, "onnxruntime")(scan(4, mask).kspace.numpy(), mask)
    assert np.isfinite(planes).all()
    assert (planes[2:4] > 0).all()


@pytest.mark.parametrize("shape", [(33, 64), (64, 33), (40, 40)])
def test_small_and_odd_matrices(small, shape) -> None:
    _, exported = small
    mask = np.ones(shape, bool)
    planes = runtimes(exported, "onnxruntime")(scan(2, mask).kspace.numpy(), mask)
    assert planes.shape == (5, *shape)
    assert np.isfinite(planes).all()


def test_training_goes_on_from_what_is_served() -> None:
    recipe = read(Path(__file__).parents[3] / "models" / "mr_unrolled" / "recipe.yaml", MrRecipe)
    network = UnrolledNetwork(recipe.channels, recipe.blocks, recipe.cascades, recipe.repeats)
    network.load_state_dict(served_weights(SERVED))  # every name, and no other
    with np.testing.assert_raises(RuntimeError):
        UnrolledNetwork((16, 24), recipe.blocks[:2], recipe.cascades).load_state_dict(served_weights(SERVED))
