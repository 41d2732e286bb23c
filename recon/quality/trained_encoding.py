"""Whether raw data are what a network of one encoding was trained for: pattern, timing, trajectory, noise.

A learned transform knows its encoding by heart and nothing else: of other data it makes a wrong image
that looks like one. These checks need the raw data and the model's parameters alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np
import numpy.typing as npt

from recon.arrays import ComplexArray, FloatArray, Mask
from recon.quality.verdict import Check, Verdict, measure

#: Share of samples that may be missing or extra.
MOST_MISPLACED = 0.002
#: In cells of the k-space grid.
MOST_DEVIATION = 0.1
#: In samples of the readout.
MOST_TIMING = 0.2

#: Every check that is made here.
NAMES = frozenset(
    f"trained_{name}" for name in ("encoding", "pattern", "timing", "trajectory", "acceleration", "noise")
)
_OTHER_METHOD = "this image is wrong; let the service choose, without --model"
_DELAYS = np.arange(-30, 31) * 0.05
#: How far the estimate of unknown noise may exceed the truth, since the outer samples hold some signal too.
_ESTIMATE_EXCESS = 1.25


class Trained(Protocol):
    """What the checks need to know of an encoding; :class:`recon.physics.encoding.Encoding` has it."""

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def shape(self) -> tuple[int, int]: ...  # noqa: D102

    @property
    def cartesian(self) -> bool: ...  # noqa: D102

    @property
    def delay(self) -> float: ...  # noqa: D102

    @property
    def mask(self) -> npt.NDArray[np.bool_]: ...  # noqa: D102

    @property
    def trajectory(self) -> FloatArray: ...  # noqa: D102


def encoding_checks(
    raw: ComplexArray,
    mask: Mask,
    trajectory: FloatArray | None,
    noise_std: float,
    parameters: Mapping[str, str],
    trained: Trained | None,
) -> list[Check]:
    """What tells data of another encoding, trajectory or noise from those that a network was trained on.

    Parameters
    ----------
    raw
        (along the readout, readouts) complex64 of the one coil: the model's input without its first two axes.
    mask
        Same shape: which samples were measured.
    trajectory
        (along the readout, readouts, 2) float32 in cycles per pixel (ky, kx); None or empty for Cartesian.
    noise_std
        Of the real part of a sample; 0 when unknown, and then estimated.
    parameters
        Of the model's configuration: ``noise_range`` ("least,most" of the noise over the samples, as
        root mean squares of complex numbers), ``acceleration_range`` of networks for many patterns.
    trained
        The encoding that the model's parameter ``encoding`` names; None when it is for many.

    Returns
    -------
    list[Check]
        REJECT where the transform does not apply at all, REVIEW for noise out of range.
    """
    checks: list[Check] = []
    if trained is not None:
        checks += pattern_checks(raw, mask, trajectory, trained)
    if "acceleration_range" in parameters:
        least, most = _range(parameters["acceleration_range"])
        lines = mask.any(axis=0)
        checks.append(
            measure(
                "trained_acceleration",
                len(lines) / max(int(lines.sum()), 1),
                unit="",
                lower=min(1.0, least),
                upper=most * 1.1,
                message="lines of the matrix over lines measured, against what the network was trained for",
                action="reconstruct with --model l1-wavelet",
            )
        )
    if "noise_range" in parameters:
        least, most = _range(parameters["noise_range"])
        checks.append(
            measure(
                "trained_noise",
                noise_to_samples(raw, mask, trajectory, noise_std),
                unit="",
                lower=least,
                upper=most if noise_std > 0 else most * _ESTIMATE_EXCESS,
                message="noise over the samples, as root mean squares, against what the network was trained for"
                + ("" if noise_std > 0 else "; estimated from the outermost samples, which hold some signal too"),
                action="compare with --model zero-filled before small structure is trusted",
            )
        )
    return checks


def encoding_names(parameters: Mapping[str, str], cartesian: bool) -> tuple[str, ...]:
    """Names of the checks without which data are not known to be of a network's encoding.

    Parameters
    ----------
    parameters
        Of the model's configuration, as for :func:`encoding_checks`.
    cartesian
        Whether the data lie on a grid.
    """
    if "encoding" not in parameters:
        return ()
    one = parameters["encoding"] != "cartesian"
    names = [("trained_encoding", one), ("trained_pattern", one and cartesian), ("trained_trajectory", not cartesian)]
    names += [(f"trained_{name}", f"{name}_range" in parameters) for name in ("acceleration", "noise")]
    return tuple(name for name, wanted in names if wanted)


def pattern_checks(raw: ComplexArray, mask: Mask, trajectory: FloatArray | None, trained: Trained) -> list[Check]:
    """Shape, sampling pattern or trajectory, and timing against the encoding's; the first that fails ends the list."""
    off_grid = trajectory is not None and trajectory.size > 0
    fits = raw.shape == trained.shape and off_grid != trained.cartesian
    kind = "Cartesian" if trained.cartesian else f"along a {trained.name} trajectory"
    shape = measure(
        "trained_encoding",
        float(fits),
        unit="",
        lower=1.0,
        severity=Verdict.REJECT,
        message=f"the network reconstructs {trained.shape[0]}x{trained.shape[1]} raw data, {kind}, and nothing else",
        action=_OTHER_METHOD,
    )
    if not fits:
        return [shape]
    if trained.cartesian:
        return [shape, _sampling(mask, trained), *([_timing(raw, trained)] if trained.mask.all() else [])]
    assert trajectory is not None
    return [shape, _deviation(trajectory, trained)]


def line_delay(raw: ComplexArray) -> float:
    """Delay of the odd lines against the even ones, in samples of the readout.

    Undoing the wrong delay leaves a ghost half a field of view away, and edges with it: the delay
    looked for is the one whose image has the least total variation.

    Parameters
    ----------
    raw
        (along the readout, lines) complex64, all measured.
    """
    side = len(raw)
    hybrid = np.fft.ifft(np.fft.ifftshift(raw), axis=0)  # the image starts at its centre
    odd = np.fft.ifftshift(np.arange(raw.shape[1]) % 2 == 1)
    place = np.fft.ifftshift(np.arange(side) - side // 2)
    late = np.exp(2j * np.pi * _DELAYS[:, None] * place / side)
    realigned = hybrid * np.where(odd, late[:, :, None], 1.0)
    image = np.fft.ifft(realigned, axis=2)  # complex: the ghost's phase is steep
    variation = sum(np.abs(image - np.roll(image, 1, axis)).sum((1, 2)) for axis in (1, 2))
    return float(_DELAYS[int(np.argmin(variation))])


def noise_to_samples(
    raw: ComplexArray, mask: Mask, trajectory: FloatArray | None = None, noise_std: float = 0.0
) -> float:
    """Noise over samples, both as root mean squares of complex numbers.

    Without a known noise it is taken from the twentieth of the samples that is farthest from the centre,
    as if these were noise alone: the median of the squared magnitude is ln 2 times its mean.

    Parameters
    ----------
    raw, mask, trajectory, noise_std
        As for :func:`encoding_checks`.
    """
    power = np.square(np.abs(raw[mask]).astype(np.float64))
    if not power.size:
        return float("nan")
    whole = float(power.mean())
    if noise_std > 0:
        return float(np.sqrt(2 * noise_std**2 / whole))
    if trajectory is not None and trajectory.shape[:2] == raw.shape:
        distance = np.hypot(trajectory[..., 0], trajectory[..., 1])[mask]
    else:
        y, x = np.ogrid[-1 : 1 : raw.shape[0] * 1j, -1 : 1 : raw.shape[1] * 1j]
        distance = np.hypot(y, x)[mask]
    outer = power[distance >= np.quantile(distance, 0.95)]
    return float(np.sqrt(np.median(outer) / np.log(2) / whole))


def _sampling(mask: Mask, trained: Trained) -> Check:
    misplaced = np.count_nonzero(mask ^ trained.mask) / np.count_nonzero(trained.mask)
    return measure(
        "trained_pattern",
        float(misplaced),
        unit="",
        upper=MOST_MISPLACED,
        severity=Verdict.REJECT,
        message="samples that are missing from the network's pattern or beside it, over the pattern's",
        action=_OTHER_METHOD,
    )


def _timing(raw: ComplexArray, trained: Trained) -> Check:
    return measure(
        "trained_timing",
        abs(line_delay(raw) - trained.delay),
        unit="samples",
        upper=MOST_TIMING,
        severity=Verdict.REJECT,
        message=f"delay of every other line against the {trained.delay:g} samples that the network undoes",
        action="correct the raw data for it, or reconstruct with --model zero-filled",
    )


def _deviation(trajectory: FloatArray, trained: Trained) -> Check:
    apart = np.hypot(*np.moveaxis(trajectory - trained.trajectory, -1, 0)) * 64
    return measure(
        "trained_trajectory",
        float(apart.max()),
        unit="cells of k-space",
        upper=MOST_DEVIATION,
        severity=Verdict.REJECT,
        message="farthest sample from the trajectory that the network was trained for",
        action=_OTHER_METHOD,
    )


def _range(text: str) -> tuple[float, float]:
    least, most = (float(part) for part in text.split(","))
    return least, most
