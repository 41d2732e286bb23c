"""The unrolled network beside the classical methods, over accelerations and kinds of mask.

Run as ``python -m recon.training.mr.evaluate_unrolled --data DIR``; writes ``evaluation.json`` and
``evaluation.png`` of the model.
"""

from __future__ import annotations

import json
import time
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import matplotlib as mpl
import numpy as np
import typer
from skimage.metrics import structural_similarity

from recon.arrays import FloatArray, Mask
from recon.backend import mr_classical
from recon.networks.mr_unrolled import root_sum_of_squares
from recon.physics import sampling
from recon.quality.conformal_table import ConformalTable
from recon.tasks.mr.interval import condition_of
from recon.training.mr import anatomy, objects
from recon.training.mr.calibrate import table_of
from recon.training.mr.coils import receive_maps
from recon.training.mr.lesions import lesion_recovery
from recon.training.mr.masks import poisson_disc
from recon.training.mr.recipe import MrRecipe
from recon.training.mr.sampler import acquire
from recon.training.mr.served import Reconstruct, load_unrolled
from recon.training.recipe import read

mpl.use("Agg")
from matplotlib import pyplot as plt

SHAPE, COILS, NOISE, CALIBRATION = (230, 180), 8, 0.011, 24
LESION_PX = 3.0  # 3 mm at the usual 1 mm per pixel
_CLASSICAL = ("zero-filled", "sense", "l1-wavelet")


def evaluation_masks(shape: tuple[int, int] = SHAPE) -> dict[str, Mask]:
    """Twelve under-sampling patterns (ky, kx) with 24 samples for calibration."""
    width = shape[1]
    rng = np.random.default_rng(11)
    columns = {f"equispaced R{r}": sampling.equispaced(width, r, CALIBRATION) for r in (2, 3, 4, 6, 8)}
    columns |= {f"random R{r}": sampling.random_columns(width, r, 16, rng) for r in (3, 5)}
    partial = sampling.partial_fourier(width, 0.65) | sampling.central(width, CALIBRATION)
    columns |= {f"partial Fourier R{r}": columns[f"equispaced R{r}"] & partial for r in (2, 4)}
    masks: dict[str, Mask] = {name: np.broadcast_to(line, shape) for name, line in columns.items()}
    masks |= {f"Poisson disc R{r}": poisson_disc(shape, float(r), CALIBRATION, r) for r in (4, 6, 8)}
    return masks


def psnr_ssim(image: FloatArray, truth: FloatArray) -> tuple[float, float]:
    """PSNR in dB and SSIM inside the head, truth scaled to maximum 1, after the best scalar fit."""
    head = truth > 0.05 * truth.max()
    fitted = image * (float((image * truth)[head].sum()) / float((image[head] ** 2).sum())) / truth.max()
    scaled = truth / truth.max()
    _, similarity = structural_similarity(fitted, scaled, data_range=1.0, full=True)
    error = float(np.sqrt(np.mean((fitted - scaled)[head] ** 2)))
    return -20 * float(np.log10(error)), float(similarity[head].mean())


def evaluate(
    methods: dict[str, Reconstruct],
    recipe: MrRecipe,
    roots: list[Path],
    slices: int,
    masks: dict[str, Mask] | None = None,
    factors: ConformalTable | None = None,
) -> tuple[dict[str, Any], dict[str, dict[str, FloatArray]]]:
    """Figures of every method for every mask, mean over slices of the first held-out volume; one slice's images.

    Parameters
    ----------
    methods
        By name. The first one's interval and lesions are measured.
    recipe
        Names the held-out volumes; the first is used.
    roots
        Folders that hold it.
    slices
        How many.
    masks
        Of k-space; by default :func:`evaluation_masks`.
    factors
        Of the first method's half-widths, by condition; coverage is not measured where a mask has none.
    """
    masks = evaluation_masks() if masks is None else masks
    shape = next(iter(masks.values())).shape
    volumes = anatomy.load(recipe.held_out[:1], roots)
    first = next(iter(methods))
    table: dict[str, Any] = {}
    pictures: dict[str, dict[str, FloatArray]] = {}
    for name, mask in masks.items():
        rows: dict[str, list[tuple[float, float, float]]] = {method: [] for method in methods}
        recovery: list[float] = []
        false_structure, residual, covered = [], [], []
        for index in range(slices):
            rng = np.random.default_rng((97, index))
            image = objects.draw_object(volumes, (shape[0], shape[1]), rng, axial=True)
            maps = receive_maps(COILS, rng)
            scan = acquire(image, maps, mask, NOISE, rng)
            truth, kspace = root_sum_of_squares(scan.coil_images).numpy(), scan.kspace.numpy()
            shown = {"truth": truth}
            for method, reconstruct in methods.items():
                began = time.perf_counter()
                planes = reconstruct(kspace, mask)
                seconds = time.perf_counter() - began
                shown[method] = np.hypot(planes[0], planes[1])
                rows[method].append((*psnr_ssim(shown[method], truth), seconds))
                if method == first:
                    residual.append(float(np.linalg.norm(planes[4]) / np.linalg.norm(kspace)))
                    head = truth > 0.1 * np.percentile(truth, 98)
                    condition = condition_of(mask, COILS)
                    cell = factors.find(condition) if factors else None
                    factor = cell.factor if cell else None
                    inside = np.abs(shown[method] - truth) <= 0.5 * (factor or np.nan) * (planes[2] + planes[3])
                    covered.append(float(inside[head].mean()) if factor else float("nan"))
            tested = lesion_recovery(methods[first], image, maps, mask, NOISE, LESION_PX, seed=index)
            recovery.extend(float(r) for r in tested.recovery)
            false_structure.append(tested.false_structure)
            if index == 0:
                pictures[name] = shown
        table[name] = {
            "samples_over_measured": round(mask.size / float(mask.sum()), 2),
            "methods": {
                method: {
                    "psnr_db": round(float(np.mean([r[0] for r in found])), 2),
                    "ssim": round(float(np.mean([r[1] for r in found])), 4),
                    "seconds": round(float(np.median([r[2] for r in found])), 3),
                }
                for method, found in rows.items()
            },
            "lesion_contrast_recovery": round(float(np.median(recovery)), 3),
            "lesion_contrast_recovery_worst_tenth": round(float(np.quantile(recovery, 0.1)), 3),
            "false_structure": round(float(np.mean(false_structure)), 3),
            "interval_coverage": None if np.isnan(covered).any() else round(float(np.mean(covered)), 3),
            "residual": round(float(np.mean(residual)), 4),
        }
        print(name, table[name], flush=True)
    conditions = {
        "object": f"axial slices of {recipe.held_out[0].name}, random contrast, phase and lesions",
        "slices": slices,
        "matrix": list(shape),
        "coils": COILS,
        "noise_of_a_coil": NOISE,
        "lesions": f"{LESION_PX:g} pixels across, contrast 0.4, half of them darker",
        "reference": "root-sum-of-squares of the noise-free coils, maximum 1, inside the head, best scalar fit",
    }
    return {"conditions": conditions, "masks": table}, pictures


def draw(evaluation: dict[str, Any], pictures: dict[str, dict[str, FloatArray]], path: Path) -> None:
    """One page: images and errors for two masks, and PSNR over all masks."""
    chosen = [name for name in ("equispaced R4", "equispaced R8") if name in pictures] or list(pictures)[:1]
    methods = list(next(iter(evaluation["masks"].values()))["methods"])
    columns = ["truth", *methods]
    figure = plt.figure(figsize=(3.2 * len(columns), 6.4 * len(chosen) + 4), layout="constrained")
    grid = figure.add_gridspec(2 * len(chosen) + 1, len(columns))
    for row, name in enumerate(chosen):
        truth = pictures[name]["truth"]
        top = float(np.percentile(truth, 99.7))
        for column, method in enumerate(columns):
            image = pictures[name][method]
            image = image * (float((image * truth).sum()) / float((image**2).sum()))
            above, below = (figure.add_subplot(grid[2 * row + i, column]) for i in (0, 1))
            above.imshow(image, cmap="gray", vmin=0, vmax=top)
            below.imshow(np.abs(image - truth), cmap="inferno", vmin=0, vmax=0.1 * top)
            caption = method
            if method != "truth":
                psnr, ssim = psnr_ssim(image, truth)
                caption = f"{method}\n{psnr:.1f} dB, SSIM {ssim:.3f}"
            above.set_title(f"{name}: {caption}" if column == 0 else caption, fontsize=10)
            below.set_title("error, a tenth of the scale" if column == 0 else "", fontsize=9)
            above.set_axis_off()
            below.set_axis_off()
    axes = figure.add_subplot(grid[-1, :])
    names = list(evaluation["masks"])
    for offset, method in enumerate(methods):
        values = [evaluation["masks"][name]["methods"][method]["psnr_db"] for name in names]
        axes.bar(np.arange(len(names)) + 0.2 * offset, values, 0.2, label=method)
    axes.set_xticks(np.arange(len(names)) + 0.3, names, rotation=20, ha="right", fontsize=8)
    axes.set_ylim(15, None)
    axes.set_ylabel("PSNR, dB")
    axes.legend(fontsize=8)
    figure.savefig(path, dpi=70)
    plt.close(figure)


def main(
    data: Annotated[list[Path], typer.Option(help="Folder of held-out volumes; may be given more than once.")],
    repository: Annotated[Path, typer.Option(help="Whose models are evaluated.")] = Path("triton_repo"),
    recipe: Annotated[Path, typer.Option(help="Names the held-out volumes.")] = Path("models/mr_unrolled/recipe.yaml"),
    slices: Annotated[int, typer.Option(min=1, help="Of the first held-out volume.")] = 3,
    output: Annotated[Path, typer.Option(help="Folder with calibration.json.")] = Path("models/mr_unrolled"),
) -> None:
    """Evaluate what the repository serves."""
    held_out = read(recipe, MrRecipe)
    methods = served_methods(repository)
    output.mkdir(parents=True, exist_ok=True)
    factors = table_of(json.loads((output / "calibration.json").read_text()), without=held_out.held_out[0].name)
    evaluation, pictures = evaluate(methods, held_out, data, slices, factors=factors)
    (output / "evaluation.json").write_text(json.dumps(evaluation, indent=1) + "\n")
    draw(evaluation, pictures, output / "evaluation.png")


def served_methods(repository: Path) -> dict[str, Reconstruct]:
    """The network and the classical methods as the repository serves them, compiled before any clock runs."""
    unrolled = load_unrolled(repository / "mr_unrolled" / "1")
    unrolled(np.ones((COILS, *SHAPE), np.complex64), np.ones(SHAPE, bool))
    methods: dict[str, Reconstruct] = {"unrolled": unrolled}
    for name in _CLASSICAL:
        methods[name] = partial(mr_classical.reconstruct, name)
    return methods


if __name__ == "__main__":
    typer.run(main)
