"""From a finished training to shipped files: calibrates, exports, measures what small size cost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from safetensors import safe_open
from torch import Tensor

from recon.arrays import ComplexArray, FloatArray
from recon.networks.automap import Automap
from recon.physics.encoding import encoding
from recon.training import checkpoint
from recon.training.automap import fit, fit_dautomap, held_out
from recon.training.automap.calibrate import calibrate
from recon.training.automap.export import export_automap, export_dautomap
from recon.training.automap.initialise import EightBits
from recon.training.automap.metrics import fidelity
from recon.training.automap.recipe import AutomapRecipe, DautomapRecipe
from recon.training.automap.sampler import as_input, generator
from recon.training.recipe import read

LEVELS = (22.0, 25.0, 30.0, 40.0)
#: Where the cost of small size is measured.
DECIBEL = 30.0


def ship_automap(recipe: AutomapRecipe, roots: list[Path], work: Path, repository: Path) -> dict[str, object]:
    """Calibrate and export; returns the factor, its coverage, and the PSNR that each economy costs."""
    initial = work / "initial.npz"
    network, scale = fit.build(recipe, initial)
    network.load_state_dict(checkpoint.load_average(work / "checkpoint.safetensors"))
    network.eval()
    scheme = encoding(recipe.encoding)
    truth = held_out.anatomy(recipe, roots)
    factor, covered = interval(network, scale, recipe, truth)
    with np.load(initial) as stored:
        weights = EightBits(stored["weight"], stored["row"], stored["column"]) if "weight" in stored else None
    folder = repository / f"automap_{recipe.encoding}"
    export_automap(network, weights, scale, factor, recipe, folder)
    some = truth[::3]
    acquired = held_out.acquire(scheme, some, DECIBEL, recipe.seed)
    samples, unit = as_input(torch.from_numpy(acquired.samples))
    target = some / (unit.numpy()[:, :, None] * scale)
    return {
        "conformal_factor": factor,
        "coverage_on_other_slices": covered,
        "bytes": sum(file.stat().st_size for file in (folder / "1").iterdir() if file.is_file()),
        "psnr_decibel": economies(network, samples, target, work),
        "training": training_length(work / "checkpoint.safetensors"),
    }


def interval(
    network: Automap, scale: float, recipe: AutomapRecipe, truth: ComplexArray
) -> tuple[float, dict[str, float]]:
    """The conformal factor of a network, and its coverage; see :func:`calibrate`."""

    def reconstruct(decibel: float) -> tuple[FloatArray, ComplexArray]:
        acquired = held_out.acquire(encoding(recipe.encoding), truth, decibel, recipe.seed)
        samples, unit = as_input(torch.from_numpy(acquired.samples))
        return run(network, samples), np.asarray(truth / (unit.numpy()[:, :, None] * scale), np.complex64)

    return calibrate(reconstruct, LEVELS)


def ship_dautomap(recipe: DautomapRecipe, roots: list[Path], work: Path, repository: Path) -> dict[str, object]:
    """Calibrate and export dAUTOMAP; returns the factor and its coverage."""
    network = fit_dautomap.build(recipe)
    network.load_state_dict(checkpoint.load_average(work / "checkpoint.safetensors"))
    network.eval()
    slices = as_automap(recipe)
    truth = held_out.anatomy(slices, roots, recipe.side)

    def reconstruct(decibel: float) -> tuple[FloatArray, ComplexArray]:
        kspace, target = dautomap_case(recipe, truth, decibel)
        return run(network, kspace, 4), target

    factor, covered = calibrate(reconstruct, (25.0, 40.0))
    folder = repository / "dautomap"
    export_dautomap(network, factor, recipe, folder)
    return {
        "conformal_factor": factor,
        "coverage_on_other_slices": covered,
        "bytes": sum(file.stat().st_size for file in (folder / "1").iterdir() if file.is_file()),
        "training": training_length(work / "checkpoint.safetensors"),
    }


def dautomap_case(recipe: DautomapRecipe, truth: ComplexArray, decibel: float) -> tuple[Tensor, ComplexArray]:
    """dAUTOMAP's input for images at one noise level, and the truth in its unit; each image has its own lines."""
    rng = np.random.default_rng([recipe.seed, 7])
    masks = torch.from_numpy(np.stack([fit_dautomap.lines(recipe, rng) for _ in truth]))
    level = torch.full((len(truth),), decibel)
    noisy = fit_dautomap.acquire(torch.from_numpy(truth), masks, level, generator(recipe.seed, 6 * 10**9))
    kspace, scale = fit_dautomap.as_input(noisy)
    return kspace, np.asarray(truth / scale.numpy(), np.complex64)


def as_automap(recipe: DautomapRecipe) -> AutomapRecipe:
    """A recipe with the same held-out anatomy."""
    return AutomapRecipe(
        encoding="misaligned", seed=recipe.seed, steps=1, sources=recipe.sources, held_out=recipe.held_out
    )


def economies(network: Automap, samples: Tensor, target: ComplexArray, work: Path) -> dict[str, float]:
    """PSNR on held-out anatomy as shipped, and with each economy undone or taken further."""

    def psnr() -> float:
        out = run(network, samples)
        return fidelity(out[:, 0] + 1j * out[:, 1], target).psnr_decibel

    found = {"as shipped": psnr()}
    file = work / "inverse.npy"
    if file.exists():
        weight, column = network.transform.get_buffer("weight"), network.transform.get_buffer("column")
        eight, columns = weight.clone(), column.clone()
        inverse = np.load(file)
        column.fill_(1.0)
        weight.copy_(torch.from_numpy(np.concatenate([inverse.real, inverse.imag])))
        found["inverse in float32"] = psnr()
        usual = samples.square().sum(1).mean(0).sqrt().numpy()  # of each sample, so that strong ones count
        _, vectors = np.linalg.eigh((inverse * usual).conj().T @ (inverse * usual))  # ascending
        for rank in (256, 512, 1024):
            basis = vectors[:, -rank:]
            low = ((inverse * usual) @ basis) @ basis.conj().T / usual
            weight.copy_(torch.from_numpy(np.concatenate([low.real, low.imag])))
            found[f"inverse of rank {rank}"] = psnr()
        weight.copy_(eight)
        column.copy_(columns)
    for name, layer in (("first", network.first_out), ("second", network.second_out)):
        kept = layer.weight.detach().clone()
        with torch.no_grad():
            layer.weight.zero_()
            found[f"without the {name} layer's low-rank part"] = psnr()
            layer.weight.copy_(kept)
    halved = {name: value.half().float() for name, value in network.state_dict().items()}
    full = {name: value.clone() for name, value in network.state_dict().items()}
    network.load_state_dict(halved)
    found["other weights in float16"] = psnr()
    network.load_state_dict(full)
    return {name: round(value, 4) for name, value in found.items()}


def run(network: torch.nn.Module, samples: Tensor, batch: int = 16) -> FloatArray:
    """Outputs (count, 4, y, x) of inputs, a batch at a time."""
    with torch.inference_mode():
        return np.concatenate([network(part).numpy() for part in samples.split(batch)])


def training_length(path: Path) -> dict[str, float]:
    """Steps and minutes that a checkpoint has seen."""
    with safe_open(path, "pt") as archive:
        progress = json.loads(archive.metadata()["progress"])
    return {"steps": progress["step"], "minutes": round(progress["seconds"] / 60, 1)}


def main(
    recipe: Annotated[Path, typer.Argument(help="The model's recipe.yaml.")],
    data: Annotated[list[Path], typer.Option(help="Folder with the recipe's data; may be given more than once.")],
    work: Annotated[Path, typer.Option(help="Folder of the training run.")],
    repository: Annotated[Path, typer.Option(help="Model repository to write to.")] = Path("triton_repo"),
) -> None:
    """Ship a checkpoint into the repository, and say how it went beside its recipe."""
    if recipe.parent.name == "dautomap":
        report = ship_dautomap(read(recipe, DautomapRecipe), data, work, repository)
    else:
        report = ship_automap(read(recipe, AutomapRecipe), data, work, repository)
    text = json.dumps(report, indent=2)
    (recipe.parent / "shipped.json").write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    typer.run(main)
