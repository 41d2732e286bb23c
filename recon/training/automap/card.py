"""Writes the measured figures of the AUTOMAP family into their card, from the files beside the recipes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated, Any

import typer

from recon.physics.encoding import NAMES

_WORDS = {
    "poisson_disc": "Poisson-disc",
    "misaligned": "misaligned",
    "radial": "radial",
    "spiral": "spiral",
}
_METHODS = ("direct", "conjugate gradients", "first layer alone", "automap")


def fill(card: str, models: Path) -> str:
    """The card with every ``<!-- NAME -->`` block replaced by the tables of that name.

    Parameters
    ----------
    card
        Text of the card.
    models
        Folder of the recipes, with ``evaluation.json`` and ``shipped.json`` where there are any.
    """
    figures = {n: _read(models / f"automap_{n}" / "evaluation.json") for n in NAMES}
    shipped = {n: _read(models / f"automap_{n}" / "shipped.json") for n in NAMES}
    figures = {n: f for n, f in figures.items() if f}
    shipped = {n: s for n, s in shipped.items() if s}
    blocks = {
        "QUALITY": quality(figures),
        "INSTABILITY": instability(figures),
        "LESION": lesions(figures),
        "SIZE": size(shipped),
        "SPECTRUM": spectra(figures, shipped),
        "INTERVAL": interval(shipped),
        "TIME": milliseconds(figures),
        "DAUTOMAP": dautomap(
            _read(models / "dautomap" / "evaluation.json"), _read(models / "dautomap" / "shipped.json")
        ),
    }
    for name, text in blocks.items():
        pattern = re.compile(rf"<!-- {name} -->\n.*?<!-- /{name} -->", re.DOTALL)
        card = pattern.sub(lambda _, n=name, t=text: f"<!-- {n} -->\n{t}\n<!-- /{n} -->", card)  # type: ignore[misc]
    return card


def quality(figures: dict[str, Any]) -> str:
    """RMSE and SNR of each method."""
    rows = ["| encoding | noise | " + " | ".join(_METHODS) + " |", "|---|---|" + "---|" * len(_METHODS)]
    for name, found in figures.items():
        for level, methods in found["quality"].items():
            cells = [f"{100 * methods[m]['rmse']:.2f} %, {methods[m]['snr_decibel']:.1f} dB" for m in _METHODS]
            rows.append(f"| {_WORDS[name]} | {level} | " + " | ".join(cells) + " |")
    return "\n".join(rows)


def instability(figures: dict[str, Any]) -> str:
    """Amplification of the worst perturbation found, by its norm."""
    if not figures:
        return "not measured"
    norms = [row["norm"] for row in next(iter(figures.values()))["instability"]["network"]]
    head = " | ".join(f"{100 * n:g} %" for n in norms)
    rows = [f"| encoding | method | {head} |", "|---|---|" + "---|" * len(norms)]
    for name, found in figures.items():
        network = found["instability"]["network"]
        own = found["instability"]["direct_own_worst_amplification"]
        for words, cells in (
            ("network: amplification", [f"{r['amplification']:.2f}" for r in network]),
            ("network: SNR of the image, dB", [f"{r['error_decibel']:.1f}" for r in network]),
            ("direct, same perturbation: amplification", [f"{r['direct_under_the_same']:.2f}" for r in network]),
            ("direct, its own worst: amplification", [f"{own:.2f}"] * len(norms)),
        ):
            rows.append(f"| {_WORDS[name]} | {words} | " + " | ".join(cells) + " |")
    return "\n".join(rows)


def lesions(figures: dict[str, Any]) -> str:
    """Recovered contrast of inserted lesions, and what appears where none is."""
    rows = [
        "| encoding | method | contrast recovered, mean | least | where none is, mean | spread |",
        "|---|" * 1 + "---|" * 5,
    ]
    for name, found in figures.items():
        for method in ("automap", "direct"):
            r = found["lesion"][method]
            rows.append(
                f"| {_WORDS[name]} | {method} | {r['mean']:.2f} | {r['least']:.2f} "
                f"| {r['absent']:+.3f} | {r['absent_spread']:.3f} |"
            )
    return "\n".join(rows)


def size(shipped: dict[str, Any]) -> str:
    """Bytes, and PSNR with each economy undone or taken further."""
    names = list(dict.fromkeys(key for found in shipped.values() for key in found["psnr_decibel"]))
    rows = ["| | " + " | ".join(_WORDS[n] for n in shipped) + " |", "|---|" + "---|" * len(shipped)]
    rows.append("| size, MB | " + " | ".join(f"{found['bytes'] / 1e6:.1f}" for found in shipped.values()) + " |")
    for key in names:
        cells = [
            f"{found['psnr_decibel'][key]:.2f}" if key in found["psnr_decibel"] else "-" for found in shipped.values()
        ]
        rows.append(f"| PSNR, dB: {key} | " + " | ".join(cells) + " |")
    return "\n".join(rows)


def spectra(figures: dict[str, Any], shipped: dict[str, Any]) -> str:
    """How many singular values hold 90 % and 99 % of the energy; of learned parts, where they were trained."""
    rows = ["| encoding | of what | values | 90 % of the energy in | 99 % in |", "|---|---|---|---|---|"]
    for name, found in figures.items():
        untrained = name in shipped and shipped[name]["training"]["steps"] <= 1
        for what, row in found["spectrum"].items():
            if untrained and what.startswith("learned"):
                continue
            rows.append(f"| {_WORDS[name]} | {what} | {row['of']} | {row['90 %']} | {row['99 %']} |")
    return "\n".join(rows)


def interval(shipped: dict[str, Any]) -> str:
    """Conformal factor, coverage, and how long the training was."""
    rows = ["| encoding | factor | coverage by noise level | steps | minutes |", "|---|---|---|---|---|"]
    for name, found in shipped.items():
        covered = ", ".join(f"{k}: {100 * v:.1f} %" for k, v in found["coverage_on_other_slices"].items())
        length = found["training"]
        rows.append(
            f"| {_WORDS[name]} | {found['conformal_factor']:.2f} | {covered} "
            f"| {length['steps']} | {length['minutes']} |"
        )
    return "\n".join(rows)


def milliseconds(figures: dict[str, Any]) -> str:
    """Time an image takes."""
    rows = ["| encoding | network, ms | with everything around it, ms |", "|---|---|---|"]
    for name, found in figures.items():
        t = found["milliseconds"]
        rows.append(
            f"| {_WORDS[name]} | {t['network min']:.1f} (median {t['network median']:.1f}) "
            f"| {t['whole min']:.1f} (median {t['whole median']:.1f}) |"
        )
    return "\n".join(rows)


def dautomap(found: dict[str, Any], shipped: dict[str, Any]) -> str:
    """Quality, interval and time of dAUTOMAP."""
    if not found or not shipped:
        return "not measured"
    rows = ["| noise | zero-filled | dautomap |", "|---|---|---|"]
    for level, methods in found["quality"].items():
        cells = [
            f"{100 * methods[m]['rmse']:.2f} %, {methods[m]['snr_decibel']:.1f} dB" for m in ("direct", "dautomap")
        ]
        rows.append(f"| {level} | " + " | ".join(cells) + " |")
    covered = ", ".join(f"{k}: {100 * v:.1f} %" for k, v in shipped["coverage_on_other_slices"].items())
    length, time = shipped["training"], found["milliseconds"]
    rows.append("")
    rows.append(
        f"{shipped['bytes'] / 1e6:.1f} MB; factor {shipped['conformal_factor']:.2f}, coverage {covered}; trained for "
        f"{length['steps']} steps, {length['minutes']} minutes; "
        f"{time['network min']:.0f} ms a 256x256 image in the network."
    )
    return "\n".join(rows)


def _read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return found


def main(models: Annotated[Path, typer.Option(help="Folder of the models' cards.")] = Path("models")) -> None:
    """Write the figures into AUTOMAP's card."""
    file = models / "automap" / "card.md"
    file.write_text(fill(file.read_text(), models))


if __name__ == "__main__":
    typer.run(main)
