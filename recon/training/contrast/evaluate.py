"""The contrast network beside what one would do without it: figures and one page to look at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np

from recon.arrays import FloatArray, Mask
from recon.backend.configuration import of_version, parameters_in
from recon.io.nifti import stem
from recon.networks.contrast_enhancer import ContrastEnhancer
from recon.training.contrast import metrics
from recon.training.contrast.anatomy import HeadSource, Matching, load_head, matched_enhancement
from recon.training.contrast.apply import Applied, apply, network_of
from recon.training.contrast.calibrate import evaluation_slices
from recon.training.contrast.classical import METHODS, amplified
from recon.training.contrast.recipe import ContrastRecipe
from recon.training.contrast.simulate import PairErrors, SimulatedPair, simulate_pair
from recon.training.export import read_weights
from recon.training.trainer import trainer_of
from recon.volumes import Geometry, Unit, Volume

mpl.use("Agg")
from matplotlib import pyplot as plt


@dataclass(frozen=True)
class DosePair:
    """A full-dose pair whose scan at a reduced dose is simulated.

    Attributes
    ----------
    name
        Of the patient.
    clean, enhancement
        (slice, y, x), 99th percentile of the pre scan 1.
    mask
        The head.
    geometry
        Of both.
    """

    name: str
    clean: FloatArray
    enhancement: FloatArray
    mask: Mask
    geometry: Geometry


@dataclass(frozen=True)
class EvaluatedPair:
    """One case at one noise level, with the pictures of every method."""

    figures: dict[str, dict[str, float]]
    pictures: dict[str, FloatArray]


def evaluate_case(
    network: ContrastEnhancer,
    case: DosePair,
    noise: float,
    slices: list[int],
    *,
    factor: float,
    dose_fraction: float = 0.1,
) -> EvaluatedPair:
    """Simulate, synthesise, and measure.

    Parameters
    ----------
    network
        In evaluation mode.
    case
        What to scan.
    noise
        Of both scans, over the 99th percentile of the pre scan.
    slices
        Numbers of the slices that are measured.
    factor
        Conformal factor of the network.
    dose_fraction
        Of the second scan.
    """
    rng = np.random.default_rng(int(noise * 1e4))
    pair = simulate_pair(case.clean, case.enhancement, dose_fraction, PairErrors(noise, noise, masked=True), rng)
    made = _apply(network, pair, case.geometry, factor, slices)
    scale = np.float32(made.pair.scale)
    full, truth, mask = pair.full[slices] / scale, pair.enhancement[slices] / scale, case.mask[slices]
    lesion = metrics.lesion_mask(pair.enhancement / scale, case.mask)[slices]
    images = {"low dose": pair.low[slices] / scale}
    images |= {name: amplified(name, made.pair, slices, full) for name in METHODS}
    images["recon"] = made.images(slices)
    figures = {}
    pre = pair.clean[slices] / scale
    for name, image in images.items():
        added = image - pre
        figures[name] = {
            "psnr_db": metrics.psnr(image, full),
            "ssim": metrics.ssim(image, full),
            "lesion_volume_ratio": metrics.lesion_volume_ratio(added, truth, lesion),
            "contrast_recovery": metrics.contrast_recovery(added, truth, lesion),
            "false_enhancement": metrics.false_enhancement(added, truth, mask),
        }
    width = made.uncertainty(slices)
    figures["recon"]["interval_coverage"] = float((np.abs(images["recon"] - full) <= width)[mask].mean())
    figures["recon"]["interval_half_width"] = float(width[mask].mean())
    extra = {"pre": pair.pre[slices] / scale, "full dose": full, "uncertainty": width, "true enhancement": truth}
    extra["detectability"] = np.stack([made.slices[i].extra["DETECTABILITY"] for i in slices]) / scale
    return EvaluatedPair(figures, {**images, **extra})


def _apply(
    network: ContrastEnhancer, pair: SimulatedPair, geometry: Geometry, factor: float, slices: list[int]
) -> Applied:
    pre = Volume(pair.pre, geometry, Unit.ARBITRARY)
    low = Volume(pair.low.copy(), geometry, Unit.ARBITRARY)
    return apply(network, pre, low, pair.dose_fraction, factor, slices)


def no_agent(
    network: ContrastEnhancer, case: DosePair, noise: float, slices: list[int], factor: float
) -> dict[str, float]:
    """What seems to enhance when no agent was given, with the verdict's safety net off.

    Returns
    -------
    dict
        Share of the head above :data:`metrics.ENHANCING`, and the 99.9th percentile.
    """
    rng = np.random.default_rng(5)
    pair = simulate_pair(case.clean, 0 * case.enhancement, 0.1, PairErrors(noise, noise, masked=True), rng)
    pre, low = (Volume(v, case.geometry, Unit.ARBITRARY) for v in (pair.pre, pair.low))
    made = apply(network, pre, low, 0.1, factor, slices, trust=True)
    added = (made.images(slices) - pair.clean[slices] / made.pair.scale)[case.mask[slices]]
    return {"share": float((added > metrics.ENHANCING).mean()), "p99_9": float(np.percentile(added, 99.9))}


def evaluate(
    pre: list[Path],
    full: list[Path],
    noise: list[float],
    dose_fraction: float,
    ways: list[Matching],
    model: Path,
    recipe: Path,
) -> tuple[dict[str, Any], Callable[[Path], None]]:
    """Measure a served version on pairs; returns the report and what draws its page.

    Parameters
    ----------
    pre, full
        NIfTI files, in the same order and voxels.
    noise
        Levels to simulate.
    dose_fraction
        Of the simulated scan.
    ways
        To match the two scans.
    model
        Folder of the version, ``<model>/<version>``.
    recipe
        Of the model.
    """
    settings: ContrastRecipe = trainer_of(recipe)[1]
    network = network_of(read_weights(model / "model.onnx"), settings)
    parameters = of_version(parameters_in(model.parent), model.name)
    factor = float(parameters["conformal_factor"])
    report: dict[str, Any] = {}
    pages: list[tuple[EvaluatedPair, str]] = []
    absent: dict[str, Any] = {}
    for way in ways:
        each: dict[str, dict[str, dict[str, float]]] = {}
        for before, after in zip(pre, full, strict=True):
            head = load_head(HeadSource(name=stem(before), pre=str(before), full=str(after)), [Path()])
            change = matched_enhancement(head, way, signed=False)
            case = DosePair(head.name, head.pre, change, head.mask, Geometry.from_spacing(*head.spacing))
            slices = evaluation_slices(len(head.pre))
            for level in noise:
                made = evaluate_case(network, case, level, slices, factor=factor, dose_fraction=dose_fraction)
                name = f"{case.name}, noise {level:.1%}"
                each[name] = {m: {k: round(v, 4) for k, v in row.items()} for m, row in made.figures.items()}
                pages.append((made, f"contrast_enhance, {name}, {dose_fraction:.0%} of the dose, scans matched: {way}"))
            absent[case.name] = no_agent(network, case, max(noise), slices, factor)
        report[way] = summary(each)
    whole = {
        "dose_fraction": dose_fraction,
        "noise": noise,
        "data_range": metrics.DATA_RANGE,
        "conformal_factor": factor,
        "sha256": parameters["sha256"],
        "matching": report,
        "no_agent": absent,
    }
    shown, title = pages[min(1, len(pages) - 1)]
    slot = int((shown.pictures["true enhancement"] > metrics.STRONG).sum(axis=(1, 2)).argmax())
    return whole, lambda path: draw(shown, slot, title, path)


def summary(each: dict[str, dict[str, dict[str, float]]]) -> dict[str, Any]:
    """Means over cases of every figure of every method, and the gains."""
    methods = next(iter(each.values()))
    table = {
        method: {
            name: round(float(np.nanmean([rows[method][name] for rows in each.values()])), 4)
            for name in next(iter(each.values()))[method]
        }
        for method in methods
    }
    over_low = [rows["recon"]["psnr_db"] - rows["low dose"]["psnr_db"] for rows in each.values()]
    best = [rows["recon"]["psnr_db"] - max(rows[m]["psnr_db"] for m in METHODS) for rows in each.values()]
    gains = {
        "over_low_dose_db": {"mean": round(float(np.mean(over_low)), 2), "worst": round(min(over_low), 2)},
        "over_best_classical_db": {"mean": round(float(np.mean(best)), 2), "worst": round(min(best), 2)},
    }
    return {"methods": table, "gains": gains, "each": each}


def draw(evaluated: EvaluatedPair, shown: int, title: str, path: Path) -> None:
    """One page: scans, methods and errors of one slice."""
    names = ["pre", "low dose", "smoothed", "recon", "full dose"]
    figure, axes = plt.subplots(2, len(names) + 1, figsize=(3.6 * (len(names) + 1), 8.6), layout="constrained")
    pictures = {name: stack[shown] for name, stack in evaluated.pictures.items()}
    rows, columns = np.nonzero(pictures["full dose"] > 0.1)
    part = (slice(rows.min(), rows.max() + 1), slice(columns.min(), columns.max() + 1))
    for column, name in enumerate(names):
        figures = evaluated.figures.get(name)
        caption = name if figures is None else f"{name}\n{figures['psnr_db']:.1f} dB, SSIM {figures['ssim']:.3f}"
        axes[0, column].imshow(pictures[name][part][::-1], cmap="gray", vmin=0, vmax=1.4)
        axes[0, column].set_title(caption, fontsize=11)
        added = pictures[name] - pictures["full dose"] + pictures["true enhancement"]
        axes[1, column].imshow(added[part][::-1], cmap="gray", vmin=-0.15, vmax=0.6)
        axes[1, column].set_title("enhancement" if name == "full dose" else f"{name} less true pre scan", fontsize=11)
    for row, name, largest in ((0, "uncertainty", 0.3), (1, "detectability", 0.3)):
        heat = axes[row, -1].imshow(pictures[name][part][::-1], cmap="inferno", vmin=0, vmax=largest)
        words = {"uncertainty": "half-width of the 90 % interval", "detectability": "smallest visible enhancement"}
        axes[row, -1].set_title(words[name], fontsize=11)
        figure.colorbar(heat, ax=axes[row, -1], fraction=0.046)
    for axis in axes.flat:
        axis.set_axis_off()
    figure.suptitle(title, fontsize=12)
    figure.savefig(path, dpi=80)
    plt.close(figure)
