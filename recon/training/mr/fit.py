"""Training of the unrolled network on simulated scans."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from recon.networks.mr_unrolled import UnrolledNetwork, UnrolledResult, root_sum_of_squares
from recon.training.export import read_weights
from recon.training.fit import TrainingPlan, device, pinball, reduced_precision
from recon.training.fit import fit as run
from recon.training.mr import anatomy, objects
from recon.training.mr.recipe import MrRecipe
from recon.training.mr.sampler import SampledScan, ScanSampler
from recon.training.mr.served import served_sensitivities

_SHARES = (0.1, 0.1, 0.1, 0.3, 1.0)  # of the last cascades in the loss: earlier ones leave work to later ones


def loss(result: UnrolledResult, scan: SampledScan) -> Tensor:
    """Relative error of image and magnitude, structural dissimilarity, pinball loss of the interval.

    Root mean square errors count relative to the error of the CG-SENSE image that the network starts from:
    a decibel gained is worth the same in every scan, whatever its noise and acceleration.

    Parameters
    ----------
    result
        Of the network.
    scan
        What the network was shown and what it should find: the noise-free coil images combined with the
        network's sensitivities, and their root-sum-of-squares for the magnitude.
    """
    combined = (result.maps.conj() * scan.coil_images).sum(0)
    target = root_sum_of_squares(scan.coil_images)
    size = target.square().mean().sqrt() + 1e-9
    magnitude = _magnitude(result.estimates, size)
    usual = _rms(result.start - combined) / size + 0.02
    complex_error = _rms(result.estimates - combined) / size
    magnitude_error = ((magnitude - target).square().mean((1, 2)) / size**2 + 1e-7).sqrt()
    shares = torch.tensor(_SHARES[-len(magnitude) :], device=size.device)
    fidelity = (shares * (complex_error + magnitude_error)).sum() / usual
    peak = target.max()
    structure = 1 - similarity(magnitude[-1] / peak, target / peak)
    residual = (target - magnitude[-1].detach()) / size
    below, above = result.widths / size
    interval = pinball(residual + below, 0.05) + pinball(residual - above, 0.95)
    return fidelity + 0.5 * structure + 0.5 * interval.mean() / usual


def _magnitude(image: Tensor, size: Tensor) -> Tensor:
    return (torch.view_as_real(image).square().sum(-1) + 1e-12 * size**2).sqrt()


def _rms(image: Tensor) -> Tensor:
    """Root mean square of complex images, over (y, x)."""
    return (torch.view_as_real(image).square().sum(-1).mean((-2, -1)) + 1e-12).sqrt()


def similarity(a: Tensor, b: Tensor) -> Tensor:
    """Structural similarity of images (y, x) of maximum about 1, windows of 7 pixels, where there is signal.

    Wang et al., TIP 13:600 (2004).
    """
    stack = torch.stack([a, b, a * a, b * b, a * b])[:, None]
    mean_a, mean_b, aa, bb, ab = functional.avg_pool2d(stack, 7, 1)[:, 0]
    c1, c2 = 0.01**2, 0.03**2
    variances = aa - mean_a**2 + bb - mean_b**2
    value = (2 * mean_a * mean_b + c1) * (2 * (ab - mean_a * mean_b) + c2)
    value = value / ((mean_a**2 + mean_b**2 + c1) * (variances + c2))
    head = (mean_b > 0.05).float()
    return (value * head).sum() / (head.sum() + 1.0)


def fit(
    recipe: MrRecipe,
    roots: list[Path],
    work: Path,
    minutes: float | None,
    validate: Callable[[dict[str, Tensor]], object] | None = None,
) -> Path:
    """Train the network of ``recipe``; see :func:`recon.training.fit.fit`.

    Raises
    ------
    FileNotFoundError
        When a source lies under none of ``roots``.
    """
    torch.manual_seed(recipe.seed)
    where = device()
    sensitivities = served_sensitivities if recipe.start else None
    sampler = ScanSampler(prepare_objects(recipe, roots, work), recipe.arrays, recipe.seed, sensitivities, recipe.noise)
    network = UnrolledNetwork(recipe.channels, recipe.blocks, recipe.cascades, recipe.repeats)
    if recipe.start:
        network.load_state_dict(served_weights(Path(recipe.start)))
    network = network.to(where).to(memory_format=torch.channels_last)

    def step_loss(step: int) -> Tensor:
        sampler.rng = np.random.default_rng((recipe.seed, step))
        scan = sampler.draw().to(where)
        with reduced_precision(where):
            result = network(scan.kspace, scan.mask, scan.calibration, scan.maps)
        return loss(result, scan)

    plan = (TrainingPlan.tuning if recipe.start else TrainingPlan)(recipe.steps, recipe.learning_rate, minutes)
    return run(network, step_loss, plan, work, validate)


def served_weights(version: Path) -> dict[str, Tensor]:
    """Weights of a served version's cascades, named as in :class:`UnrolledNetwork`."""
    files = sorted(version.glob("cascade*.onnx"), key=lambda path: int(path.stem.removeprefix("cascade")))
    return {
        f"cascades.{number}.{name}": tensor
        for number, path in enumerate(files)
        for name, tensor in read_weights(path).items()
    }


def prepare_objects(recipe: MrRecipe, roots: list[Path], work: Path) -> objects.ObjectPool:
    """Objects to train on, drawn once and kept in ``work``."""
    work.mkdir(parents=True, exist_ok=True)
    path = work / "objects.npz"
    if not path.exists():
        volumes = anatomy.load(recipe.sources, roots)
        objects.save_pool(objects.build_pool(volumes, recipe.objects, recipe.seed, recipe.phantoms), path)
    return objects.load_pool(path)
