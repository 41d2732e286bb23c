"""Conformal calibration of the unrolled network, by condition, on anatomy that it was not trained on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from recon.arrays import ComplexArray, FloatArray, Mask
from recon.physics import sampling
from recon.physics.fourier import to_image
from recon.quality.conformal import TooFewSamples, conformal_factor, measured_coverage
from recon.quality.conformal_table import Cell, ConformalTable, ScanCondition
from recon.quality.interval import COVERAGE
from recon.tasks.mr.interval import condition_of
from recon.training.mr import anatomy, objects
from recon.training.mr.masks import grid, poisson_disc, short_lines
from recon.training.mr.recipe import MrRecipe
from recon.training.mr.sampler import NOISE, SampledScan, acquire, draw_array
from recon.training.mr.served import Reconstruct

_PIXELS = 1000  # of each scan, so that large matrices do not outweigh small ones
_ANY_COILS: tuple[tuple[int, ...], ...] = ((1,), (2, 3), (4, 6, 8, 12, 16, 32))
_BY_COILS: tuple[tuple[float, float], ...] = ((1, 2), (2, 65))
_BY_ACCELERATION: dict[str, tuple[tuple[float, float], ...]] = {
    "regular lines": ((1.2, 2.2), (2.2, 3.2), (3.2, 9.0)),
    "random lines": ((1.2, 3.2), (3.2, 9.0)),
    "short lines": ((1.2, 3.2), (3.2, 9.0)),
    "grid": ((1.2, 9.0),),
    "plane": ((1.2, 5.0), (5.0, 9.0)),
}


@dataclass(frozen=True)
class Scored:
    """Pixels of one reconstructed scan.

    Attributes
    ----------
    anatomy
        What was scanned.
    mask
        Name of its mask.
    condition
        What was known before.
    error, half_width
        (pixels,) inside the object, relative to the mean signal there.
    """

    anatomy: str
    mask: str
    condition: ScanCondition
    error: FloatArray
    half_width: FloatArray


def calibration_masks(shape: tuple[int, int], rng: np.random.Generator) -> dict[str, Mask]:
    """Under-sampling patterns (ky, kx) of all kinds, shifted and drawn at random."""
    width = shape[1]
    centre = 24 if min(shape) >= 96 else 16
    lines = {f"equispaced R{r}": sampling.equispaced(width, r, centre, int(rng.integers(r))) for r in (2, 3, 4, 6, 8)}
    most = width / (centre + 0.08 * width)
    lines |= {f"random R{r}": sampling.random_columns(width, min(r, most), centre, rng) for r in (2.5, 5)}
    part = sampling.partial_fourier(width, 0.65) | sampling.central(width, centre)
    lines["partial Fourier R2"] = lines["equispaced R2"] & part
    masks: dict[str, Mask] = {name: np.broadcast_to(line, shape) for name, line in lines.items()}
    for r in (3, 6, 8):
        masks[f"Poisson disc R{r}"] = poisson_disc(shape, float(r), centre, int(rng.integers(1 << 20)))
    masks["grid"] = grid(shape, (2, int(rng.integers(2, 4))), centre, rng)
    return masks | short_lines(shape, centre, rng)


def calibrate(reconstruct: Reconstruct, recipe: MrRecipe, roots: list[Path]) -> dict[str, Any]:
    """Calibrate on simulated scans of what the recipe holds out and on measured scans, under-sampled again.

    The truth of a simulated scan has no noise. That of a measured one has the noise of the samples that were kept,
    and its error looks small: what such scans need is the least that is needed. A factor is therefore the larger of
    what simulated and what measured scans need.
    Coverage is measured on each anatomy with the factors of the others. A group of scans whose coverage lies outside
    of what the recipe accepts on some anatomy is marked: its interval is not calibrated.

    Parameters
    ----------
    reconstruct
        The served network.
    recipe
        Names volumes and measured scans.
    roots
        Folders that hold them.
    """
    scans = list(simulated(reconstruct, recipe, roots)) + list(measured(reconstruct, recipe, roots))
    return summary(scans, recipe)


def summary(scans: Sequence[Scored], recipe: MrRecipe) -> dict[str, Any]:
    """The table, and the coverage of each anatomy and of each mask by the factors of the other anatomies."""
    real = {source.name for source in recipe.measured}
    cells: list[dict[str, Any]] = []
    for cell in groups():
        inside = [scan for scan in scans if cell.holds(scan.condition)]
        made_of = [scan for scan in inside if scan.anatomy not in real]
        names = sorted({scan.anatomy for scan in inside})
        if len({scan.anatomy for scan in made_of}) < 2:
            continue
        others = {name: _needed([scan for scan in inside if scan.anatomy != name], real) for name in names}
        covered = {name: _covered(inside, name, factor) for name, factor in others.items()}
        found = {
            "pattern": cell.pattern,
            "acceleration": list(cell.acceleration),
            "coils": list(cell.coils),
            "factor": round(_needed(inside, real), 3),
            "scans": len(made_of),
            "factor_by_others": {name: round(factor, 3) for name, factor in others.items()},
            "coverage_by_others": covered,
        }
        limits = {name: recipe.accepted_measured if name in real else recipe.accepted for name in names}
        kept = len(made_of) >= recipe.least_scans and all(
            limits[name][0] <= value <= limits[name][1] for name, value in covered.items()
        )
        cells.append({**found, "calibrated": kept})
    return {
        "coverage": COVERAGE,
        "accepted": {"simulated": list(recipe.accepted), "measured": list(recipe.accepted_measured)},
        "conformal_factor": round(_factor([scan for scan in scans if scan.anatomy not in real]), 4),
        "cells": cells,
        "by_anatomy": _coverage(scans, cells, "anatomy"),
        "by_mask": _coverage(scans, cells, "mask"),
    }


def table_of(calibration: dict[str, Any], without: str = "") -> ConformalTable:
    """The table of what :func:`summary` made.

    Parameters
    ----------
    calibration
        Of the model.
    without
        Anatomy whose part in the factors is taken away, to measure coverage on it.
    """
    cells = [_cell(found) for found in calibration["cells"]]
    if not without:
        return ConformalTable(cells)
    factors = [found["factor_by_others"].get(without, found["factor"]) for found in calibration["cells"]]
    return ConformalTable([replace(cell, factor=factor) for cell, factor in zip(cells, factors, strict=True)])


def groups() -> list[Cell]:
    """All groups, without factors."""
    return [
        Cell(pattern, acceleration, coils)
        for pattern, accelerations in _BY_ACCELERATION.items()
        for acceleration in accelerations
        for coils in _BY_COILS
    ]


def simulated(reconstruct: Reconstruct, recipe: MrRecipe, roots: list[Path]) -> Iterator[Scored]:
    """Scans of the held-out volumes: every mask, one to many coils, noise of any level."""
    for index, source in enumerate(recipe.held_out):
        volumes = anatomy.load([source], roots)
        for class_index, counts in enumerate(_ANY_COILS):
            for draw in range(recipe.draws):
                rng = np.random.default_rng((recipe.seed, 3000, index, class_index, draw))
                shape = tuple(2 * int(side) for side in rng.integers(52, 74, 2))
                for name, mask in calibration_masks((shape[0], shape[1]), rng).items():
                    image = objects.draw_object(volumes, (shape[0], shape[1]), rng)
                    noise = float(np.exp(rng.uniform(*np.log(NOISE))))
                    scan = acquire(image, draw_array(int(rng.choice(counts)), rng), mask, noise, rng)
                    found = score(reconstruct, scan, mask, rng)
                    yield replace(found, anatomy=source.name, mask=name)
        print(f"calibrated on {source.name}", flush=True)


def measured(reconstruct: Reconstruct, recipe: MrRecipe, roots: list[Path]) -> Iterator[Scored]:
    """Measured k-space without gaps, under-sampled again; its noise is part of the truth."""
    for source in recipe.measured:
        path = next((root / source.path for root in roots if (root / source.path).exists()), None)
        if path is None:
            raise FileNotFoundError(f"measured scan {source.path!r} is not in {', '.join(map(str, roots))} (--data)")
        with h5py.File(path) as file:
            slices = [np.asarray(file["kspace"][index], np.complex64) for index in source.slices]
        for index, whole in enumerate(slices):
            images = to_image(whole)
            for draw in range(recipe.draws):
                rng = np.random.default_rng((5000, index, draw))
                for name, mask in calibration_masks((whole.shape[1], whole.shape[2]), rng).items():
                    found = _score(reconstruct, whole * mask, images, mask, rng)
                    yield replace(found, anatomy=source.name, mask=name)
        print(f"measured {source.name}", flush=True)


def score(reconstruct: Reconstruct, scan: SampledScan, mask: Mask, rng: np.random.Generator) -> Scored:
    """Errors and half-widths at random pixels of a simulated scan."""
    return _score(reconstruct, scan.kspace.numpy(), scan.coil_images.numpy(), mask, rng)


def _score(
    reconstruct: Reconstruct, kspace: ComplexArray, images: ComplexArray, mask: Mask, rng: np.random.Generator
) -> Scored:
    truth = np.sqrt((np.abs(images) ** 2).sum(0))
    real, imaginary, below, above, _ = reconstruct(np.asarray(kspace, np.complex64), mask)
    inside = np.flatnonzero(truth > 0.1 * np.percentile(truth, 98))
    size = truth.ravel()[inside].mean()
    taken = rng.choice(inside, _PIXELS)
    condition = condition_of(mask, len(kspace))
    error = (np.abs(np.hypot(real, imaginary) - truth) / size).ravel()[taken]
    return Scored("", "", condition, error, ((below + above) / (2 * size)).ravel()[taken])


def _factor(scans: Sequence[Scored]) -> float:
    """Conformal factor; each anatomy counts alike, however many scans it has."""
    if not scans:
        raise TooFewSamples("no volume is held out, so the interval can't be calibrated; name some in held_out")
    most = max(sum(s.anatomy == name for s in scans) for name in {s.anatomy for s in scans})
    error, width = [], []
    for name in sorted({scan.anatomy for scan in scans}):
        own = [scan for scan in scans if scan.anatomy == name]
        times = most // len(own)
        error += [scan.error for scan in own] * times
        width += [scan.half_width for scan in own] * times
    return conformal_factor(np.concatenate(error), np.concatenate(width), COVERAGE)


def _needed(scans: Sequence[Scored], real: set[str]) -> float:
    """The larger of the factors that simulated scans and measured ones need; ``real`` names the latter."""
    parts = [[scan for scan in scans if (scan.anatomy in real) == measured] for measured in (False, True)]
    return max(_factor(part) for part in parts if part)


def _covered(scans: Sequence[Scored], name: str, factor: float) -> float:
    own = [scan for scan in scans if scan.anatomy == name]
    error, width = (np.concatenate([getattr(scan, part) for scan in own]) for part in ("error", "half_width"))
    return round(measured_coverage(error, factor * width), 3)


def _coverage(scans: Sequence[Scored], cells: Sequence[dict[str, Any]], attribute: str) -> dict[str, float]:
    """Mean over scans of calibrated groups, each by the factor of its group's other anatomies."""
    found: dict[str, list[float]] = {}
    for entry in (entry for entry in cells if entry["calibrated"]):
        for scan in (scan for scan in scans if _cell(entry).holds(scan.condition)):
            factor = entry["factor_by_others"][scan.anatomy]
            covered = measured_coverage(scan.error, factor * scan.half_width)
            found.setdefault(getattr(scan, attribute), []).append(covered)
    return {key: round(float(np.mean(values)), 3) for key, values in sorted(found.items())}


def _cell(found: dict[str, Any]) -> Cell:
    low, high = found["acceleration"]
    fewest, most = found["coils"]
    return Cell(found["pattern"], (low, high), (fewest, most), found["factor"], found["calibrated"])
