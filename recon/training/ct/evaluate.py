"""A denoising model beside the classical methods: figures and one page to look at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np

from recon.arrays import FloatArray
from recon.training.ct import classical as ct_classical
from recon.training.ct.metrics import (
    edge_mtf50,
    find_edges,
    flat_bias,
    interval_in_body,
    noise_power_spectrum,
    psnr,
    rmse,
    ssim,
)

mpl.use("Agg")
from matplotlib import pyplot as plt


@dataclass(frozen=True)
class EvaluatedSlice:
    """One slice: low dose, full dose, and what the model made of it."""

    low: FloatArray
    full: FloatArray
    image: FloatArray
    uncertainty: FloatArray


def evaluate(
    results: list[EvaluatedSlice], methods: tuple[str, ...]
) -> tuple[dict[str, Any], list[dict[str, FloatArray]]]:
    """Figures of every method, mean over slices, and the images of every slice."""
    rows: dict[str, list[dict[str, float]]] = {}
    pictures: list[dict[str, FloatArray]] = []
    spectra: dict[str, list[FloatArray]] = {}
    for result in results:
        images: dict[str, FloatArray] = {"low dose": result.low, "recon": result.image}
        seconds: dict[str, float] = {}
        for name in methods:
            images[name], seconds[name] = ct_classical.best_of(name, result.low, result.full)
        edges = find_edges(result.full)
        sharp = edge_mtf50(result.full, edges)
        base = rmse(result.low, result.full)
        for name, image in images.items():
            figures = {
                "rmse_hu": rmse(image, result.full),
                "rmse_ratio": rmse(image, result.full) / base,
                "psnr_db": psnr(image, result.full),
                "ssim": ssim(image, result.full),
                "ssim_gain": ssim(image, result.full) - ssim(result.low, result.full),
                "mtf50_ratio": edge_mtf50(image, edges) / sharp,
            }
            for tissue, bias in flat_bias(image, result.full).items():
                figures[f"bias_{tissue}_hu"] = bias
            if name == "recon":
                figures["interval_coverage"], figures["interval_half_width_hu"] = interval_in_body(
                    image, result.uncertainty, result.full
                )
            if name in seconds:
                figures["seconds"] = seconds[name]
            rows.setdefault(name, []).append(figures)
            spectra.setdefault(name, []).append(noise_power_spectrum(image - result.full))
        pictures.append({**images, "full dose": result.full, "uncertainty": result.uncertainty})
    table = {name: _mean(figures) for name, figures in rows.items()}
    for name, found in spectra.items():
        table[name]["noise_power_spectrum"] = [round(float(v), 2) for v in np.mean(found, axis=0)]
    return {"slices": len(results), "window_hu": [-160, 240], "methods": table, "each": rows}, pictures


def _mean(figures: list[dict[str, float]]) -> dict[str, Any]:
    names = {name: None for row in figures for name in row}
    return {name: round(float(np.mean([row[name] for row in figures if name in row])), 4) for name in names}


def draw(evaluation: dict[str, Any], pictures: dict[str, FloatArray], title: str, path: Path) -> None:
    """One page: the images of one slice, a detail of each, and the noise spectra."""
    shown = ["low dose", "recon", "full dose", *[n for n in ("BM3D",) if n in pictures]]
    figure, axes = plt.subplots(2, len(shown) + 1, figsize=(4.2 * (len(shown) + 1), 8.8), layout="constrained")
    rows, columns = pictures["full dose"].shape
    detail = (slice(int(rows * 0.4), int(rows * 0.68)), slice(int(columns * 0.36), int(columns * 0.64)))
    for column, name in enumerate(shown):
        figures = evaluation["methods"].get(name)
        caption = (
            name if figures is None else f"{name}\nRMSE ratio {figures['rmse_ratio']:.3f}, SSIM {figures['ssim']:.3f}"
        )
        whole = (slice(None), slice(None))
        for row, part in enumerate((whole, detail)):
            axes[row, column].imshow(pictures[name][part], cmap="gray", vmin=-160, vmax=240)
            axes[row, column].set_axis_off()
        axes[0, column].set_title(caption, fontsize=11)
    heat = axes[0, -1].imshow(pictures["uncertainty"], cmap="inferno", vmin=0, vmax=60)
    axes[0, -1].set_title("uncertainty: half-width of the\n90 % interval, HU", fontsize=11)
    axes[0, -1].set_axis_off()
    figure.colorbar(heat, ax=axes[0, -1], fraction=0.046)
    for name, figures in evaluation["methods"].items():
        spectrum = figures["noise_power_spectrum"]
        axes[1, -1].plot(np.linspace(0, 0.5, len(spectrum)), spectrum, label=name)
    axes[1, -1].set_xlabel("cycles per pixel")
    axes[1, -1].set_title("power of the error, HU²", fontsize=11)
    axes[1, -1].legend(fontsize=9)
    figure.suptitle(title, fontsize=12)
    figure.savefig(path, dpi=80)
    plt.close(figure)
