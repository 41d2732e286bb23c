"""Reconstructions beside the truth: one table, one JSON file, one figure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import h5py
import numpy as np

from recon.errors import InvalidRequest, UnreadableInput
from recon.io.hdf5 import dataset, reading
from recon.training.mr.metrics import ImageScores, mean_scores, score
from recon.volumes import FloatImage

_TRUTHS = ("reconstruction", "reconstruction_rss", "reconstruction_esc")
_COLUMNS = (
    ("PSNR dB", "psnr_db", "{:.2f}"),
    ("SSIM", "ssim", "{:.3f}"),
    ("NMSE", "nmse", "{:.4f}"),
    ("HFEN", "hfen", "{:.3f}"),
    ("data residual", "data_consistency", "{:.3f}"),
    ("coverage", "coverage", "{:.3f}"),
    ("half-width", "half_width", "{:.3f}"),
)


@dataclass(frozen=True)
class MethodImage:
    """One method's result.

    Attributes
    ----------
    name
        Of the method.
    image, uncertainty
        (slice, y, x).
    data_consistency
        Worst slice's unexplained share, from the report; NaN where unknown.
    """

    name: str
    image: FloatImage
    uncertainty: FloatImage
    data_consistency: float = float("nan")


@dataclass(frozen=True)
class MethodScores:
    """A method's scores.

    Attributes
    ----------
    name
        Of the method.
    slices
        Scores of each slice that was reconstructed.
    mean
        Their mean.
    missing
        Slices without a result.
    """

    name: str
    slices: list[ImageScores]
    mean: ImageScores
    missing: int


def read_truth(path: Path) -> FloatImage:
    """The known images of a file, (slice, y, x).

    Raises
    ------
    UnreadableInput
        When it holds none.
    """
    with reading(path) as file:
        for name in _TRUTHS:
            found = dataset(file, name)
            if found is not None:
                return _images(found, path)
    raise UnreadableInput(f"{path}: holds none of {', '.join(_TRUTHS)}")


def read_reconstruction(folder: Path) -> MethodImage:
    """A folder that ``recon mr`` wrote.

    Raises
    ------
    UnreadableInput
        When ``image.h5`` is missing or damaged.
    """
    path = folder / "image.h5"
    with reading(path) as file:
        image, width = dataset(file, "reconstruction"), dataset(file, "uncertainty")
        if image is None:
            raise UnreadableInput(f"{path}: holds no reconstruction")
        values = _images(image, path)
        uncertainty = np.full_like(values, np.nan) if width is None else _images(width, path)
    name, residual = folder.name, float("nan")
    report = folder / "report.json"
    if report.exists():
        found = json.loads(report.read_text())
        name = str(found.get("parameters", {}).get("model", name)) or name
        for check in found.get("checks", []):
            if check.get("name") == "data_consistency" and check.get("value") is not None:
                residual = float(check["value"])
    return MethodImage(name, values, uncertainty, residual)


def evaluate(truth: FloatImage, results: Sequence[MethodImage]) -> list[MethodScores]:
    """Score every slice of every result.

    Raises
    ------
    InvalidRequest
        When a result has another shape than the truth, or no finished slice.
    """
    found = []
    for result in results:
        if result.image.shape != truth.shape:
            raise InvalidRequest(f"{result.name} has shape {result.image.shape}, the truth {truth.shape}")
        finished = [index for index, plane in enumerate(result.image) if np.isfinite(plane).all()]
        if not finished:
            raise InvalidRequest(f"{result.name} has no finished slice")
        scores = [
            score(
                result.image[index], truth[index], result.uncertainty[index], data_consistency=result.data_consistency
            )
            for index in finished
        ]
        found.append(MethodScores(result.name, scores, mean_scores(scores), len(truth) - len(finished)))
    return found


def table(evaluated: Sequence[MethodScores]) -> str:
    """One line for each method, as Markdown."""
    lines = ["| method | " + " | ".join(title for title, _, _ in _COLUMNS) + " |", "|---" * (len(_COLUMNS) + 1) + "|"]
    for item in evaluated:
        values = [getattr(item.mean, name) for _, name, _ in _COLUMNS]
        cells = [
            form.format(value) if np.isfinite(value) else "-"
            for value, (_, _, form) in zip(values, _COLUMNS, strict=True)
        ]
        lines.append(f"| {item.name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def write_json(evaluated: Sequence[MethodScores], path: Path) -> None:
    """All scores; unknown ones are null."""

    def plain(scores: ImageScores) -> dict[str, float | None]:
        return {name: value if np.isfinite(value) else None for name, value in asdict(scores).items()}

    content = [
        {
            "method": item.name,
            "missing_slices": item.missing,
            "mean": plain(item.mean),
            "slices": [plain(scores) for scores in item.slices],
        }
        for item in evaluated
    ]
    path.write_text(json.dumps({"results": content}, indent=2) + "\n")


def write_figure(truth: FloatImage, results: Sequence[MethodImage], path: Path, index: int | None = None) -> None:
    """Truth, then image, error and interval of each method, for one slice (the middle one by default)."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    index = len(truth) // 2 if index is None else index
    plane = truth[index]
    top = float(np.percentile(plane, 99.5)) or 1.0
    figure, axes = pyplot.subplots(3, len(results) + 1, figsize=(2.6 * (len(results) + 1), 8), squeeze=False)
    for axis in axes.flat:
        axis.set_axis_off()
    axes[0, 0].imshow(plane, cmap="gray", vmin=0, vmax=top)
    axes[0, 0].set_title("truth")
    for column, result in enumerate(results, 1):
        image = np.nan_to_num(result.image[index])
        factor = float((image * plane).sum() / max(float((image * image).sum()), 1e-30))
        width = result.uncertainty[index] * factor
        axes[0, column].imshow(factor * image, cmap="gray", vmin=0, vmax=top)
        axes[0, column].set_title(result.name)
        axes[1, column].imshow(np.abs(factor * image - plane), cmap="magma", vmin=0, vmax=0.2 * top)
        if np.isfinite(width).any():
            axes[2, column].imshow(width, cmap="magma", vmin=0, vmax=0.2 * top)
    axes[1, 0].text(0, 0.5, f"error, 0 to {0.2 * top:.3g}", transform=axes[1, 0].transAxes)
    axes[2, 0].text(0, 0.5, f"half-width of the\n90 % interval, 0 to {0.2 * top:.3g}", transform=axes[2, 0].transAxes)
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def _images(found: h5py.Dataset, path: Path) -> FloatImage:
    if found.dtype.kind not in "fiu" or found.ndim not in (2, 3):
        raise UnreadableInput(f"{path}: {found.name} has shape {found.shape} of {found.dtype}; images are expected")
    values = np.asarray(found[()], np.float32)
    return values[None] if values.ndim == 2 else values
