"""The last layer by least squares: the best that fixed features can do, in seconds instead of a training.

The transposed convolution is linear in its weights. With the two convolutions before it taken from a
network of another encoding, its weights for the image follow from ridge regression on simulated
acquisitions, each weighted by the inverse of its error, so that no noise level outweighs the others;
those for the interval from the same regression on the logarithm of the local error.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from recon.networks.automap import Automap
from recon.networks.dautomap import Dautomap

#: The kernel's part that is solved for; the rest of the 7x7 stays zero.
SIZE = 5


def solve(
    network: Automap,
    draw: Callable[[int], tuple[Tensor, Tensor]],
    batches: int,
    pixels: int = 600,
    ridge: float = 1e-4,
) -> None:
    """Replace the last layer's weights.

    Parameters
    ----------
    network
        With the convolutions to keep.
    draw
        Input and truth of the acquisitions of a step.
    batches
        Of acquisitions.
    pixels
        Drawn of each image.
    ridge
        Damping over the mean of the normal matrix's diagonal.
    """
    channels = network.deconvolve.in_channels
    count = channels * SIZE * SIZE + 1
    image_gram, image_right = np.zeros((count, count), np.float32), np.zeros((count, 2), np.float32)
    plain_gram, plain_right = np.zeros((count, count), np.float32), np.zeros((count, 1), np.float32)
    rng = np.random.default_rng(1)
    for interval in (False, True):  # the interval's targets need the image's weights
        for step in range(batches if not interval else max(1, batches // 3)):
            samples, truth = draw(10**6 + step)
            with torch.inference_mode():
                image = network.transformed(samples)
                features = functional.relu(network.convolve_again(functional.relu(network.convolve(image))))
                target = torch.stack([truth.real, truth.imag], 1) - image
                level = target.square().mean((1, 2, 3)).sqrt()
                widths = _log_widths(network, image, features, truth) if interval else None
            for index in range(len(features)):
                chosen = torch.from_numpy(rng.permutation(network.side**2)[:pixels])
                rows = _rows(features[index], chosen)
                if widths is not None:
                    plain_gram += rows.T @ rows
                    plain_right += rows.T @ widths[index].flatten(1).T[chosen].numpy()
                else:
                    weight = max(float(level[index]), 3e-3) ** -1.3  # beyond -1, since little noise is easily made more
                    image_gram += weight**2 * (rows.T @ rows)
                    image_right += weight**2 * (rows.T @ target[index].flatten(1).T[chosen].numpy())
        if interval:
            width = _ridge(plain_gram, plain_right, ridge)
            _put(network, np.repeat(width, 2, 1), slice(2, 4))
        else:
            _put(network, _ridge(image_gram, image_right, ridge), slice(0, 2))


def solve_dautomap(
    network: Dautomap,
    draw: Callable[[int], tuple[Tensor, Tensor]],
    batches: int,
    pixels: int = 2000,
    ridge: float = 1e-4,
) -> None:
    """The same for dAUTOMAP's U-Net: its last convolution, on the features of its untrained ones.

    Parameters are those of :func:`solve`.
    """
    tail = network.refine.tail
    taken: list[Tensor] = []
    hook = tail.register_forward_pre_hook(lambda _, inputs: taken.append(inputs[0]))
    count = tail.in_channels * 9 + 1
    rng = np.random.default_rng(1)
    for interval in (False, True):
        gram, right = np.zeros((count, count), np.float32), np.zeros((count, 4 if interval else 8), np.float32)
        for step in range(batches):
            kspace, truth = draw(10**6 + step)
            taken.clear()
            with torch.inference_mode():
                image = network.transformed(kspace)
                out = network.refined(image)
                error = torch.stack([truth.real, truth.imag], 1) - image
                level = torch.ones(len(image)) if interval else error.square().mean((1, 2, 3)).sqrt()
                wanted = functional.pixel_unshuffle(_widths_of(out[:, :2], truth) if interval else error, 2).flatten(2)
            for index, features in enumerate(taken[0]):
                chosen = torch.from_numpy(rng.permutation(wanted.shape[2])[:pixels])
                rows = _rows(features, chosen, 3)
                weight = max(float(level[index]), 3e-3) ** -2
                gram += weight * (rows.T @ rows)
                right += weight * (rows.T @ wanted[index].T[chosen].numpy())
        solution = torch.from_numpy(_ridge(gram, right, ridge)).float()
        if interval:
            solution = solution.repeat(1, 2)
        outputs = slice(8, 16) if interval else slice(0, 8)
        assert tail.bias is not None
        with torch.no_grad():
            tail.weight[outputs] = solution[:-1].T.reshape(-1, tail.in_channels, 3, 3)
            tail.bias[outputs] = solution[-1]
    hook.remove()


def _rows(features: Tensor, chosen: Tensor, size: int = SIZE) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """(pixels, channels SIZE SIZE + 1) neighbourhoods of the chosen pixels, and a one."""
    columns = functional.unfold(features[None], size, padding=size // 2)[0][:, chosen].T
    return np.asarray(torch.cat([columns, torch.ones(len(chosen), 1)], 1).numpy(), np.float32)


def _ridge(
    gram: np.ndarray[tuple[int, int], np.dtype[np.float32]],
    right: np.ndarray[tuple[int, int], np.dtype[np.float32]],
    ridge: float,
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    damped = gram.astype(np.float64)
    damped[np.diag_indices_from(damped)] += ridge * np.trace(damped) / len(damped)
    return np.asarray(np.linalg.solve(damped, right.astype(np.float64)))


def _put(network: Automap, solution: np.ndarray[tuple[int, int], np.dtype[np.float64]], outputs: slice) -> None:
    """Convolution weights into the transposed convolution's kernel, which is turned by half a turn."""
    channels = network.deconvolve.in_channels
    kernel = torch.from_numpy(solution[:-1].T.reshape(-1, channels, SIZE, SIZE)).float()
    bias = network.deconvolve.bias
    assert bias is not None
    with torch.no_grad():
        network.deconvolve.weight[:, outputs] = functional.pad(kernel.flip(2, 3).transpose(0, 1), (1, 1, 1, 1))
        bias[outputs] = torch.from_numpy(solution[-1]).float()


def _log_widths(network: Automap, image: Tensor, features: Tensor, truth: Tensor) -> Tensor:
    """What the softplus of the interval should be given: (batch, 1, y, x), from the error about each pixel."""
    return _widths_of(network.deconvolve(features)[:, :2] + image, truth)


def _widths_of(out: Tensor, truth: Tensor) -> Tensor:
    error = torch.hypot(out[:, :1], out[:, 1:]) - truth.abs()[:, None]
    width = 1.6 * functional.avg_pool2d(error.square(), 7, 1, 3, count_include_pad=False).sqrt().clamp_min(1e-3)
    return torch.log(torch.expm1(width))
