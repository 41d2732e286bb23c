"""What the unrolled network has learned, as images: the limits by which the service knows everything else.

Run as ``python -m recon.training.mr.domain --data DIR``: draws planes through the recipe's volumes, heads of the
training on one side and bodies on the other, fits :class:`recon.quality.anatomy.Learned` and writes it into the
model's configuration; how often it errs goes to ``domain.json`` beside the card. Of every volume one half of the
planes is fitted; limits are set on the other half of the heads. Heads that are held out for the interval, and the
other half of the bodies, are measured only.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from recon.arrays import DoubleArray, FloatArray
from recon.backend.configuration import FILE
from recon.quality.anatomy import OUTLINE, Learned, Shown, distance, shown_in
from recon.tasks.mr.anatomy import LEARNED
from recon.training.mr import anatomy, objects
from recon.training.mr.anatomy import MrSource
from recon.training.mr.recipe import MrRecipe
from recon.training.recipe import read

_PLANES = 180
#: Root mean squares of noise over the object's signal.
_NOISE = (0.005, 0.05)
#: Of the learned images, the share that each of the two questions may take for something else.
_FALSE_ALARMS = 0.02
_SHRINKAGE, _PENALTY, _FARTHEST = 0.1, 0.02, 4.0
#: A head with its neck, cut along the middle, and a tenth.
_LARGEST_MM = 240.0


def planes(source: MrSource, roots: list[Path], seed: int) -> Iterator[FloatArray]:
    """Magnitudes (y, x) of planes through a volume as a scanner would see them, with noise."""
    volumes = anatomy.load([source], roots)
    for index in range(_PLANES):
        rng = np.random.default_rng((seed, index, *source.name.encode()))
        image = np.abs(objects.draw_object(volumes, objects.random_shape(rng), rng))
        level = float(np.exp(rng.uniform(*np.log(_NOISE))))
        parts = rng.normal(0, level, (2, *image.shape))
        yield np.hypot(image + parts[0], parts[1]).astype(np.float32)


def measures_of(source: MrSource, roots: list[Path], seed: int) -> DoubleArray:
    """(planes, 51) of a volume; planes that show nothing are left out."""
    found = [shown_in(image) for image in planes(source, roots, seed)]
    return np.array([shown.measures for shown in found if isinstance(shown, Shown)])


def fit(learned: DoubleArray, others: DoubleArray, limiting: DoubleArray, what: str) -> Learned:
    """What tells two sets of measures (images, 51) apart.

    Parameters
    ----------
    learned, others
        The two sets; both weigh the same.
    limiting
        More of what was learned, which nothing is fitted to: the limits are quantiles of these.
    what
        Was learned, in words.
    """
    centre, scale = learned.mean(0), learned.std(0) + 1e-6
    standard = (learned - centre) / scale
    rows = np.concatenate([_terms(standard), _terms((others - centre) / scale)])
    wanted = np.concatenate([np.ones(len(learned)), np.zeros(len(others))])
    share = np.where(wanted == 1, 1 / len(learned), 1 / len(others))
    weights = _logistic(rows, wanted, share)
    covariance = np.cov(standard[:, :OUTLINE].T)
    precision = np.linalg.inv((1 - _SHRINKAGE) * covariance + _SHRINKAGE * np.eye(OUTLINE))
    held_out = (limiting - centre) / scale
    scores = _terms(held_out) @ weights
    distances = [distance(row, precision) for row in held_out]
    return Learned(
        what,
        _rounded(centre),
        _rounded(scale),
        _rounded(weights[:-1]),
        float(f"{weights[-1]:.5g}"),
        float(f"{np.quantile(scores, _FALSE_ALARMS):.5g}"),
        tuple(_rounded(row) for row in precision),
        float(f"{np.quantile(distances, 1 - _FALSE_ALARMS):.5g}"),
        _LARGEST_MM,
    )


def _terms(standard: DoubleArray) -> DoubleArray:
    bounded = np.clip(standard, -_FARTHEST, _FARTHEST)
    return np.concatenate([bounded, np.square(bounded), np.ones((len(bounded), 1))], axis=1)


def _logistic(rows: DoubleArray, wanted: DoubleArray, share: DoubleArray) -> DoubleArray:
    """Newton's method; the squares of all weights but the offset are held down."""
    weights = np.zeros(rows.shape[1])
    held = np.append(np.ones(len(weights) - 1), 1e-6)
    for _ in range(50):
        chance = 1 / (1 + np.exp(-rows @ weights))
        slope = rows.T @ (share * (chance - wanted)) + _PENALTY * held * weights
        curvature = (rows.T * (share * chance * (1 - chance))) @ rows + _PENALTY * np.diag(held)
        weights -= np.linalg.solve(curvature, slope)
    return weights


def _rounded(values: DoubleArray) -> tuple[float, ...]:
    return tuple(float(f"{value:.5g}") for value in values)


def learn(recipe: MrRecipe, roots: list[Path]) -> tuple[Learned, dict[str, Any]]:
    """Fit on the recipe's volumes, and measure how often it errs on each."""
    if any(source.form == "body" for source in recipe.sources):
        raise SystemExit("the recipe trains on bodies: what it has not learned is not known; take the limit out")
    sources = {source.name: source for source in (*recipe.sources, *recipe.held_out)}
    fitted = {source.name for source in recipe.sources if source.scalp} | {
        name for name, source in sources.items() if source.form == "body"
    }
    found = {name: measures_of(source, roots, recipe.seed) for name, source in sources.items()}

    def half(form: str, first: int) -> DoubleArray:
        ours = [name for name in sources if name in fitted and sources[name].form == form]
        return np.concatenate([found[name][first::2] for name in ours])

    learned = fit(half("head", 0), half("body", 0), half("head", 1), "head")
    rates = {
        name: {
            "form": sources[name].form,
            "fitted": name in fitted,
            "planes": len(values[1::2]),
            "taken_for_something_else": round(float(np.mean([learned.unlike(v) > 1 for v in values[1::2]])), 3),
        }
        for name, values in found.items()
    }
    return learned, {"what": learned.what, "limits_at": _FALSE_ALARMS, "volumes": rates}


def write(learned: Learned, folder: Path, version: str = "1") -> None:
    """Put it into the configuration of a model, in the place of what was there."""
    path = folder / FILE
    entry = f'  {{ key: "{LEARNED}.{version}" value: {{ string_value: {json.dumps(learned.dump())} }} }}'
    lines = path.read_text().rstrip().removesuffix("]").rstrip().split("\n")
    head = lines.index("parameters [") + 1
    kept = [line.rstrip(",") for line in lines[head:] if f'"{LEARNED}.{version}"' not in line]
    path.write_text("\n".join([*lines[:head], ",\n".join([*kept, entry]), "]"]) + "\n")


def main(
    data: Annotated[list[Path], typer.Option(help="Folder with the recipe's volumes; may be given more than once.")],
    repository: Annotated[Path, typer.Option(help="Repository to write to.")] = Path("triton_repo"),
    card: Annotated[Path, typer.Option(help="Folder of recipe and domain.json.")] = Path("models/mr_unrolled"),
) -> None:
    """Fit, write and say how often it errs."""
    learned, errors = learn(read(card / "recipe.yaml", MrRecipe), data)
    write(learned, repository / "mr_unrolled")
    (card / "domain.json").write_text(json.dumps(errors, indent=1) + "\n")
    print(json.dumps(errors, indent=1))


if __name__ == "__main__":
    typer.run(main)
