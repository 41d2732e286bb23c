"""Small changes of the object that change the reconstruction most, for a network and for the linear method.

Antun, Renna, Poon, Adcock & Hansen, *On instabilities of deep learning in image reconstruction and the
potential costs of AI*, PNAS 117:30088 (2020), showed that AUTOMAP turns perturbations too small to see
into wrong images. Measured here the same way: gradient ascent on the change of the reconstruction, over
perturbations of the object of a given norm, seen by the encoding as the object itself is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from recon.arrays import ComplexArray
from recon.networks.automap import Automap
from recon.physics.encoding import Encoding
from recon.training.automap.conventional import direct
from recon.training.automap.sampler import AcquisitionOperator, as_input

#: Norm of the perturbation over that of the object.
NORMS = (0.005, 0.01, 0.02, 0.05, 0.1)


@dataclass(frozen=True)
class Worst:
    """What the worst perturbation of one norm does, as means over images.

    Attributes
    ----------
    norm
        Of the perturbation over the object's.
    amplification
        Change of the reconstruction over the perturbation, both as norms.
    error_decibel
        Signal-to-noise ratio of the reconstruction of the perturbed object against the perturbed object.
    """

    norm: float
    amplification: float
    error_decibel: float


def network_reconstruction(network: Automap, image_scale: float) -> Callable[[Tensor], Tensor]:
    """Images (batch, y, x) complex64 of samples (batch, samples), differentiable."""

    def reconstruct(samples: Tensor) -> Tensor:
        unit, scale = as_input(samples)
        out = network(unit)
        return torch.complex(out[:, 0], out[:, 1]) * (scale * image_scale)[:, :, None]

    return reconstruct


def worst_case(
    reconstruct: Callable[[Tensor], Tensor], scheme: Encoding, truth: ComplexArray, noise: ComplexArray, steps: int
) -> list[tuple[Worst, ComplexArray]]:
    """Ascend for each norm of :data:`NORMS`, each starting from the smaller one's perturbation.

    Parameters
    ----------
    reconstruct
        Differentiable.
    scheme
        The encoding.
    truth
        (count, y, x) complex64 objects.
    noise
        (count, samples) complex64, added to the samples of object and perturbed object alike.
    steps
        Of ascent for each norm.
    """
    acquire, images, added = AcquisitionOperator(scheme), torch.from_numpy(truth), torch.from_numpy(noise)
    with torch.no_grad():
        undisturbed = reconstruct(acquire(images) + added)
    length = _norm(images)
    seed = torch.Generator().manual_seed(3)
    change = torch.complex(*(torch.randn(images.shape, generator=seed) for _ in range(2)))
    found = []
    for norm in NORMS:
        change = change / _norm(change) * norm * length
        momentum = torch.zeros_like(change)
        for _ in range(steps):
            change = change.detach().requires_grad_()
            moved = reconstruct(acquire(images + change) + added) - undisturbed
            (gradient,) = torch.autograd.grad(moved.abs().square().sum(), change)
            # steps as long as the ball is wide: for a linear map this is power iteration
            momentum = 0.5 * momentum + gradient / _norm(gradient)
            change = change.detach() + momentum * norm * length
            change = change / _norm(change) * norm * length
        with torch.no_grad():
            image = reconstruct(acquire(images + change) + added)
            amplification = (_norm(image - undisturbed) / _norm(change)).mean()
            wanted = images + change
            quality = 20 * torch.log10(_norm(wanted) / _norm(image - wanted))
        found.append((Worst(norm, float(amplification), float(quality.mean())), change.numpy()))
    return found


def linear_worst_case(matrix: ComplexArray, scheme: Encoding, steps: int = 30) -> float:
    """Largest amplification of a linear reconstruction (pixels, samples) after the encoding: its spectral norm."""
    rng = np.random.default_rng(5)
    side = round(len(matrix) ** 0.5)
    change = (rng.normal(size=(side, side)) + 1j * rng.normal(size=(side, side))).astype(np.complex64)
    grown = 0.0
    for _ in range(steps):
        change /= np.linalg.norm(change)
        image = matrix @ scheme.forward(change)
        grown = float(np.linalg.norm(image))
        change = scheme.adjoint(matrix.conj().T @ image)
    return grown


def direct_under(scheme: Encoding, truth: ComplexArray, noise: ComplexArray, change: ComplexArray) -> float:
    """Amplification by the direct method of a perturbation that was made for another."""
    before = direct(scheme, scheme.forward(truth) + noise)
    after = direct(scheme, scheme.forward(truth + change) + noise)
    lengths = np.linalg.norm(after - before, axis=(1, 2)) / np.linalg.norm(change, axis=(1, 2))
    return float(lengths.mean())


def _norm(images: Tensor) -> Tensor:
    return images.abs().square().sum((1, 2), keepdim=True).sqrt().clamp_min(1e-12)
