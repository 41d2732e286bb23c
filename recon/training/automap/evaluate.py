"""AUTOMAP and dAUTOMAP as shipped against the conventional methods, on anatomy no network was trained on."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import matplotlib as mpl
import numpy as np
import torch
import typer

from recon.arrays import ComplexArray
from recon.backend.automap import AutomapReconstruction
from recon.backend.dautomap import DautomapReconstruction
from recon.networks.automap import Automap
from recon.physics.encoding import NAMES, Encoding, encoding
from recon.physics.fourier import to_image
from recon.training.automap import conventional, held_out, instability, lesion, served, spectrum
from recon.training.automap.metrics import fidelity
from recon.training.automap.recipe import AutomapRecipe, DautomapRecipe
from recon.training.automap.sampler import as_input
from recon.training.automap.ship import dautomap_case, run
from recon.training.recipe import read

Results = dict[str, object]

LEVELS = (25.0, 30.0, 40.0)
LESION_DECIBEL, LESION_RADIUS, LESION_CONTRAST = 30.0, 2.0, 0.5
ATTACKED, ASCENT, SHOWN = 4, 15, 2  # SHOWN: which of the norms the figure shows


def evaluate_automap(
    name: str, models: Path, repository: Path, roots: list[Path]
) -> tuple[Results, dict[str, ComplexArray]]:
    """All figures of one encoding, and images for the figure.

    Parameters
    ----------
    name
        Of the encoding.
    models, repository
        Folders of the recipes and of the served files.
    roots
        Where the held-out anatomy lies.
    """
    recipe = read(models / f"automap_{name}" / "recipe.yaml", AutomapRecipe)
    network, scale = served.load_automap(recipe, repository / f"automap_{name}")
    scheme = encoding(name)
    truth = held_out.anatomy(recipe, roots)
    found: Results = {"samples": len(scheme.positions), "images": len(truth)}
    quality: dict[str, dict[str, dict[str, float]]] = {}
    shown: dict[str, ComplexArray] = {}
    for decibel in LEVELS:
        acquired = held_out.acquire(scheme, truth, decibel, recipe.seed + 1)
        images = reconstructions(scheme, network, scale, acquired)
        quality[f"{decibel:g} dB"] = {k: asdict(fidelity(v, truth)) for k, v in images.items()}
        if decibel == LEVELS[0]:
            one = len(truth) // 2
            shown = {"truth": truth[one], **{k: v[one] for k, v in images.items()}}
    found["quality"] = quality
    found["instability"], pictures = attacked(scheme, network, scale, truth, recipe.seed)
    shown |= pictures
    found["lesion"] = lesion_test(scheme, network, scale, truth[::2], recipe.seed)
    found["spectrum"] = dimensions(scheme, network, truth)
    found["milliseconds"] = latency(repository / f"automap_{name}")
    return found, shown


def reconstructions(
    scheme: Encoding, network: Automap, scale: float, acquired: held_out.Acquired
) -> dict[str, ComplexArray]:
    """Images (count, y, x) complex64 by method."""
    samples, unit = as_input(torch.from_numpy(acquired.samples))
    back = (unit.numpy() * scale)[:, :, None]
    out = run(network, samples) * back[:, None]
    with torch.inference_mode():
        first = network.transform(samples).reshape(-1, 2, network.side, network.side).numpy() * back[:, None]
    return {
        "direct": conventional.direct(scheme, acquired.samples),
        "conjugate gradients": conventional.conjugate_gradients(scheme, acquired.samples, acquired.decibel),
        "first layer alone": np.asarray(first[:, 0] + 1j * first[:, 1], np.complex64),
        "automap": np.asarray(out[:, 0] + 1j * out[:, 1], np.complex64),
    }


def attacked(
    scheme: Encoding, network: Automap, scale: float, truth: ComplexArray, seed: int
) -> tuple[Results, dict[str, ComplexArray]]:
    """Worst-case perturbations of the network and of the direct method, and what the largest looks like."""
    some = truth[len(truth) // 2 :: max(1, len(truth) // (2 * ATTACKED))][:ATTACKED]
    acquired = held_out.acquire(scheme, some, LESION_DECIBEL, seed + 2)
    noise = acquired.samples - scheme.forward(some)
    reconstruct = instability.network_reconstruction(network, scale)
    worst = instability.worst_case(reconstruct, scheme, some, noise, ASCENT)
    rows = [
        asdict(figures) | {"direct_under_the_same": instability.direct_under(scheme, some, noise, change)}
        for figures, change in worst
    ]
    own = instability.linear_worst_case(conventional.linear_matrix(scheme.name), scheme)
    disturbed = some + worst[SHOWN][1]
    with torch.inference_mode():
        image = reconstruct(torch.from_numpy(scheme.forward(disturbed) + noise)).numpy()
    shown = {"disturbed object": disturbed[0], "automap, disturbed": image[0]}
    return {"network": rows, "direct_own_worst_amplification": own, "images": len(some), "steps": ASCENT}, shown


def lesion_test(scheme: Encoding, network: Automap, scale: float, truth: ComplexArray, seed: int) -> Results:
    """Lesions in the network's and in the direct method's images."""
    discs = lesion.lesions(truth, LESION_RADIUS, LESION_CONTRAST, seed)
    noise = held_out.acquire(scheme, truth, LESION_DECIBEL, seed + 3).samples - scheme.forward(truth)
    found: Results = {"radius_pixels": LESION_RADIUS, "contrast": LESION_CONTRAST, "decibel": LESION_DECIBEL}
    for method in ("automap", "direct"):

        def reconstruct(images: ComplexArray, method: str = method) -> ComplexArray:
            samples = np.asarray(scheme.forward(images) + noise, np.complex64)
            if method == "direct":
                return conventional.direct(scheme, samples)
            unit, size = as_input(torch.from_numpy(samples))
            out = run(network, unit) * (size.numpy() * scale)[:, :, None, None]
            return np.asarray(out[:, 0] + 1j * out[:, 1], np.complex64)

        found[method] = asdict(lesion.recovered(reconstruct, truth, discs))
    return found


def dimensions(scheme: Encoding, network: Automap, truth: ComplexArray) -> Results:
    """How many singular values hold 90 % and 99 % of the energy."""
    samples, _ = as_input(torch.from_numpy(scheme.forward(truth)))
    spectra = {
        "inverse": spectrum.inverse_spectrum(network),
        "activations on held-out anatomy": spectrum.hidden_spectrum(network, samples),
        **{f"learned, {k} layer": v for k, v in spectrum.learned_spectra(network).items()},
    }
    return {
        name: {"of": len(v), "90 %": spectrum.components(v, 0.9), "99 %": spectrum.components(v, 0.99)}
        for name, v in spectra.items()
    }


def latency(folder: Path, runs: int = 60) -> dict[str, float]:
    """Milliseconds of the network and of the whole model.py on this machine: least and median."""
    model: Any = (DautomapReconstruction if folder.name == "dautomap" else AutomapReconstruction)(folder / "1")
    rng = np.random.default_rng(0)
    raw = (rng.normal(size=model.shape) + 1j * rng.normal(size=model.shape)).astype(np.complex64)
    unit = raw.ravel()[model.measured] if hasattr(model, "measured") else raw
    everything = np.ones(raw.shape, bool)
    times = {
        "network": _times(lambda: model.raw_output(unit), runs),
        "whole": _times(lambda: model(raw, everything), runs),
    }
    return {f"{k} {f.__name__}": round(float(f(v)), 2) for k, v in times.items() for f in (np.min, np.median)}


def evaluate_dautomap(models: Path, repository: Path, roots: list[Path]) -> Results:
    """Quality of dAUTOMAP against the zero-filled inverse FFT."""
    recipe = read(models / "dautomap" / "recipe.yaml", DautomapRecipe)
    network = served.load_dautomap(recipe, repository / "dautomap")
    slices = AutomapRecipe(encoding="misaligned", steps=1, sources=recipe.sources, held_out=recipe.held_out)
    truth = held_out.anatomy(slices, roots, recipe.side)
    quality = {}
    for decibel in LEVELS:
        kspace, target = dautomap_case(recipe, truth, decibel)
        out = run(network, kspace, 4)
        filled = to_image(np.asarray(kspace[:, 0].numpy() + 1j * kspace[:, 1].numpy(), np.complex64))
        quality[f"{decibel:g} dB"] = {
            "direct": asdict(fidelity(filled, target)),
            "dautomap": asdict(fidelity(out[:, 0] + 1j * out[:, 1], target)),
        }
    return {"images": len(truth), "quality": quality, "milliseconds": latency(repository / "dautomap", 20)}


def draw(shown: dict[str, ComplexArray], file: Path) -> None:
    """Magnitudes over the truth's maximum, and below each its error times five.

    Parameters
    ----------
    shown
        (y, x) complex64 by name; ``truth`` is what the others are compared with, except that a
        reconstruction of the ``disturbed object`` is compared with that.
    file
        Written.
    """
    mpl.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(2, len(shown), figsize=(1.9 * len(shown), 4.1))
    top = float(np.abs(shown["truth"]).max())
    for (name, image), above, below in zip(shown.items(), *axes, strict=True):
        reference = shown["disturbed object" if name.endswith("disturbed") else "truth"]
        error = np.abs(image) - np.abs(reference)
        above.imshow(np.abs(image), cmap="gray", vmin=0, vmax=top)
        below.imshow(error, cmap="RdBu_r", vmin=-top / 5, vmax=top / 5)
        above.set_title(name, fontsize=8)
        for axis in (above, below):
            axis.set_xticks([])
            axis.set_yticks([])
    axes[1][0].set_ylabel("error x5", fontsize=8)
    figure.tight_layout()
    figure.savefig(file, dpi=90)
    pyplot.close(figure)


def _times(call: object, runs: int) -> list[float]:
    assert callable(call)
    found = []
    for _ in range(runs):
        began = time.perf_counter()
        call()
        found.append(1000 * (time.perf_counter() - began))
    return found


def main(
    data: Annotated[list[Path], typer.Option(help="Folder of held-out images; may be given more than once.")],
    models: Annotated[Path, typer.Option(help="Folder of recipes and evaluations.")] = Path("models"),
    repository: Annotated[Path, typer.Option(help="Whose models are evaluated.")] = Path("triton_repo"),
    only: Annotated[list[str] | None, typer.Option(help="Encodings, or dautomap; by default all.")] = None,
    times: Annotated[bool, typer.Option("--times", help="Measure only the times again, on an idle machine.")] = False,
) -> None:
    """Write ``evaluation.json``, and ``evaluation.png`` of AUTOMAP, beside each recipe."""
    for name in only or [*NAMES, "dautomap"]:
        folder = models / (name if name == "dautomap" else f"automap_{name}")
        if times:
            found = json.loads((folder / "evaluation.json").read_text())
            found["milliseconds"] = latency(repository / folder.name)
        elif name == "dautomap":
            found = evaluate_dautomap(models, repository, data)
        else:
            found, shown = evaluate_automap(name, models, repository, data)
            draw(shown, folder / "evaluation.png")
        (folder / "evaluation.json").write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    typer.run(main)
