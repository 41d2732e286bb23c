"""The unrolled network beside the classical methods on scans that were measured whole, sampled again.

Coils, phase, noise and anatomy are the scanner's. The truth is the scan itself with all its samples, noise included:
no method can reach it by more than its noise allows, and errors are small where they hide in samples that were kept.
Of a slice that was measured several times the truth is the mean of its other repetitions, whose noise is another.

Run as ``recon evaluate mr-measured SCAN.h5 -o DIR``; writes ``measured.json``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from recon.arrays import ComplexArray, FloatArray, Mask
from recon.errors import InvalidRequest, UnreadableInput
from recon.io.hdf5 import dataset, reading
from recon.physics import sampling
from recon.physics.fourier import to_image
from recon.quality.conformal_table import ConformalTable
from recon.tasks.mr.interval import condition_of
from recon.training.mr.evaluate_unrolled import psnr_ssim
from recon.training.mr.masks import poisson_disc
from recon.training.mr.served import Reconstruct

#: What the network's gain is counted from.
RIVAL = "l1-wavelet"
_OBJECT = 0.1  # of the 98th percentile: what is inside of the object, as where the interval is calibrated
_NORMAL = 1.645  # deviations of normal noise on both sides that hold 90 %
_LEAST_MEASURED = 0.999  # share of a whole scan's samples that are not zero


@dataclass(frozen=True)
class MeasuredSlice:
    """k-space that a scanner measured without gaps.

    Attributes
    ----------
    name
        Of file and slice.
    kspace
        (coils, ky, kx) complex64, zero frequency at index n // 2.
    truth
        (y, x) magnitude that images are held against.
    truth_noise
        Standard deviation of the noise of the truth where it is independent of that of the k-space; else 0.
    """

    name: str
    kspace: ComplexArray
    truth: FloatArray
    truth_noise: float = 0.0


def read_slices(scan: str) -> Iterator[MeasuredSlice]:
    """Slices of ``FILE`` or ``FILE:SLICE,SLICE``; ``kspace`` (slice, coil, ky, kx), or (slice, ky, kx) of one coil.

    Raises
    ------
    InvalidRequest
        When a slice is not there, or not all of its samples were measured.
    UnreadableInput
        When the file has no k-space.
    """
    name, _, chosen = scan.partition(":") if not Path(scan).exists() else (scan, "", "")
    path = Path(name)
    with reading(path) as file:
        found = dataset(file, "kspace")
        if found is None or found.ndim not in (3, 4) or found.dtype.kind != "c":
            raise UnreadableInput(f"{path}: holds no complex kspace (slice, coil, ky, kx)")
        if chosen and not all(part.isdecimal() and int(part) < len(found) for part in chosen.split(",")):
            raise InvalidRequest(f"{scan}: {path.name} has slices 0 to {len(found) - 1}", field="scan")
        for index in [int(part) for part in chosen.split(",")] if chosen else range(len(found)):
            kspace = np.asarray(found[index], np.complex64)
            kspace = kspace[None] if kspace.ndim == 2 else kspace
            if not np.isfinite(kspace).all():
                raise UnreadableInput(f"{path}: slice {index} holds samples that are no numbers")
            if np.mean(np.abs(kspace).sum(0) > 0) < _LEAST_MEASURED:
                raise InvalidRequest(f"{path}: slice {index} has gaps; a scan measured whole is needed", field="scan")
            yield MeasuredSlice(f"{path.stem}:{index}", kspace, magnitude(kspace))


def magnitude(kspace: ComplexArray) -> FloatArray:
    """Root-sum-of-squares (y, x) of whole k-space (coils, ky, kx)."""
    return np.asarray(np.sqrt((np.abs(to_image(kspace)) ** 2).sum(0)), np.float32)


def repetitions(slices: Sequence[MeasuredSlice]) -> list[MeasuredSlice]:
    """One slice measured several times: each repetition, with the mean of the others for its truth.

    The mean is of the complex samples. Its noise is what the difference of repetitions says, within the object.

    Raises
    ------
    InvalidRequest
        When there is one only, or their matrices or coils differ.
    """
    if len(slices) < 2 or len({part.kspace.shape for part in slices}) > 1:
        raise InvalidRequest("repetitions are two or more slices of one matrix with the same coils", field="scan")
    whole = np.stack([part.kspace for part in slices])
    inside = _inside(magnitude(np.asarray(whole.mean(0))))
    shown = np.stack([magnitude(part) for part in whole])
    noise = float(np.sqrt(shown.var(axis=0, ddof=1)[inside].mean()))
    count = len(slices) - 1
    return [
        replace(part, truth=magnitude((whole.sum(0) - part.kspace) / count), truth_noise=noise / count**0.5)
        for part in slices
    ]


def _inside(truth: FloatArray) -> Mask:
    return np.asarray(truth > _OBJECT * np.percentile(truth, 98))


def measured_masks(shape: tuple[int, int]) -> dict[str, Mask]:
    """Under-sampling patterns (ky, kx) with 24 samples for calibration, 16 where the matrix is small."""
    width = shape[1]
    centre = 24 if min(shape) >= 96 else 16
    rng = np.random.default_rng(11)
    lines = {f"equispaced R{r}": sampling.equispaced(width, r, centre) for r in (2, 4, 8)}
    lines["random R3"] = sampling.random_columns(width, min(3.0, width / (centre + 0.08 * width)), centre, rng)
    part = sampling.partial_fourier(width, 0.65) | sampling.central(width, centre)
    lines["partial Fourier R2"] = lines["equispaced R2"] & part
    masks: dict[str, Mask] = {name: np.broadcast_to(line, shape) for name, line in lines.items()}
    return masks | {f"Poisson disc R{r}": poisson_disc(shape, float(r), centre, r) for r in (4, 8)}


def evaluate(methods: dict[str, Reconstruct], scan: MeasuredSlice, factors: ConformalTable | None) -> dict[str, Any]:
    """Figures of every method for every mask.

    Parameters
    ----------
    methods
        By name; the first is the network, whose interval is measured.
    scan
        One slice.
    factors
        Of the interval, by condition.

    Returns
    -------
    dict
        By mask: ``psnr_db`` and ``ssim`` of each method inside the object after the best scalar fit, ``gain_db`` of
        the network over L1-wavelet, ``coverage`` of its interval and whether it is ``calibrated``; the last two
        null where no factor fits. Half-widths are widened by the truth's own noise.
    """
    truth = scan.truth
    inside = _inside(truth)
    network = next(iter(methods))
    table: dict[str, Any] = {}
    for name, mask in measured_masks((truth.shape[0], truth.shape[1])).items():
        scores: dict[str, dict[str, float]] = {}
        coverage, calibrated = None, None
        for method, reconstruct in methods.items():
            planes = reconstruct(np.asarray(scan.kspace * mask, np.complex64), mask)
            image = np.hypot(planes[0], planes[1])
            psnr, ssim = psnr_ssim(image, truth)
            scores[method] = {"psnr_db": round(psnr, 2), "ssim": round(ssim, 4)}
            condition = condition_of(mask, len(scan.kspace))
            cell = factors.find(condition) if factors and method == network else None
            if cell is not None:
                half_width = np.hypot(cell.factor * (planes[2] + planes[3]) / 2, _NORMAL * scan.truth_noise)
                coverage = round(float((np.abs(image - truth) <= half_width)[inside].mean()), 3)
                calibrated = cell.calibrated
        gain = round(scores[network]["psnr_db"] - scores[RIVAL]["psnr_db"], 2)
        table[name] = {"methods": scores, "gain_db": gain, "coverage": coverage, "calibrated": calibrated}
    return table


def summary(scans: dict[str, Any]) -> str:
    """One line for each scan, as Markdown: the network's gain, and the coverage of its interval."""
    lines = ["| scan | over L1-wavelet, dB: mean (least to most) | coverage, % |", "|---|---|---|"]
    for name, table in scans.items():
        gains = [row["gain_db"] for row in table.values()]
        covered = [100 * row["coverage"] for row in table.values() if row["coverage"] is not None]
        reach = f"{min(covered):.0f} to {max(covered):.0f}" if covered else "-"
        lines.append(f"| {name} | {np.mean(gains):+.1f} ({min(gains):+.1f} to {max(gains):+.1f}) | {reach} |")
    return "\n".join(lines)


def run(
    scans: Sequence[str],
    methods: dict[str, Reconstruct],
    factors: ConformalTable | None,
    output: Path,
    say: Callable[[str], None],
    repeated: bool = False,
) -> None:
    """Evaluate every slice and write ``measured.json``.

    Parameters
    ----------
    scans
        As :func:`read_slices` takes them.
    methods, factors
        As :func:`evaluate` takes them.
    output
        Folder to write to.
    say
        Is told each slice's line, and the whole table.
    repeated
        Whether the slices of a scan are repetitions of one slice.
    """
    found: dict[str, Any] = {}
    for scan in scans:
        slices = read_slices(scan)
        for part in repetitions(list(slices)) if repeated else slices:
            found[part.name] = evaluate(methods, part, factors)
            say(summary({part.name: found[part.name]}).splitlines()[-1])
    output.mkdir(parents=True, exist_ok=True)
    whole = "root-sum-of-squares of the coils with all their samples, noise included"
    conditions = {
        "truth": f"{whole}; mean of the other repetitions" if repeated else whole,
        "psnr": "where the truth exceeds a twentieth of its maximum, best scalar fit",
        "coverage": f"where it exceeds {_OBJECT:g} of its 98th percentile",
    }
    (output / "measured.json").write_text(json.dumps({"conditions": conditions, "scans": found}, indent=1) + "\n")
    say(summary(found))
