"""The manual that goes with the image, as a PDF with real text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from recon.errors import MissingExtra, OutputFailed, with_extra

#: Title, words, and the emitter that it is about; empty for all.
_SECTIONS = (
    (
        "What it does",
        "Raw data are sent to this package while they are measured. It sends images back while the next slice is "
        "measured, and with each of them a map of the half-width of the 90 % interval, in the unit of the image, as a "
        "series of its own, and a verdict: PASS, REVIEW or REJECT. The verdict and every check that failed, with what "
        "was measured and its limits, stand in the image comment and in the log of the scanner.",
        "raw",
    ),
    (
        "What it is not",
        "It is for research use and not a medical device. A network can invent or lose small structure. Look at the "
        "uncertainty and the verdict of every image before you use it, and never use an image with the verdict REJECT.",
        "",
    ),
    (
        "Series",
        "Images are in series 99, half-widths in series 100; a further size of matrix, or kind of image, is the next "
        "series. Pixels are integers of 12 bits: the value is the pixel times RescaleSlope. Slices, contrasts, phases, "
        "repetitions and sets keep their numbers, and position and orientation are those of the measurement.",
        "",
    ),
    (
        "What it does",
        "Images of two scans are sent to this package: T1-weighted, before contrast and after a reduced dose of the "
        "agent. It sends back what the full dose would show, and with each image a map of the half-width of the 90 % "
        "interval, in the unit of the image, as a series of its own, and a verdict: PASS, REVIEW or REJECT. The "
        "verdict and every check that failed, with what was measured and its limits, stand in the image comment and "
        "in the log of the scanner.",
        "image",
    ),
    (
        "Two scans",
        "The two scans are two series of one measurement, the first before contrast; or two measurements of one "
        "patient in one frame of reference, the first of which is kept until the second comes. Anything else goes back "
        "as it came, and a message says why.",
        "image",
    ),
    (
        "Noise scans",
        "The noise scan that a measurement depends on is kept for later measurements. Where it is missing, a message "
        "says so, and noise is estimated from the measurement itself.",
        "raw",
    ),
    (
        "When something goes wrong",
        "Every failure is a message that begins with ERR and names it; the other slices are not affected. Compressed "
        "raw data are not taken: switch the compression off. Readout filters may stay on.",
        "",
    ),
)


def write(contents: dict[str, Any], path: Path) -> None:
    """Write the manual of a label.

    Raises
    ------
    MissingExtra
        When ``fpdf2`` is not installed.
    OutputFailed
        When it can't be written.
    """
    try:
        from fpdf import FPDF
    except ModuleNotFoundError as error:
        raise MissingExtra(with_extra("the manual needs fpdf2", "openrecon")) from error
    general, needs = contents["general"], contents["reconstruction"]
    page = FPDF(format="A4")
    page.set_title(f"{general['name']['en']} {general['version']}")
    page.set_margin(22)
    page.add_page()

    def say(words: str, size: float = 10.5, style: str = "", after: float = 2) -> None:
        page.set_font("helvetica", style, size)
        page.multi_cell(0, size * 0.5, words, align="L", new_x="LMARGIN", new_y="NEXT")
        page.ln(after)

    say(f"{general['name']['en']} {general['version']}", 20, "B", 1)
    say(general["information"]["en"], 11, "I", 5)
    for title, words, emitter in _SECTIONS:
        if emitter in ("", needs["emitter"]):
            say(title, 13, "B", 1)
            say(words, after=4)
    say("At the console", 13, "B", 1)
    page.set_font("helvetica", "", 9.5)
    with page.table(col_widths=(22, 20, 58), text_align="LEFT", line_height=5) as table:
        for cells in [("parameter", "default", "what it does"), *map(_row, contents["parameters"])]:
            row = table.row()
            for cell in cells:
                row.cell(cell)
    page.ln(4)
    say("What it needs", 13, "B", 1)
    say(
        f"{needs['min_required_memory']} MB of memory and {needs['min_count_required_cpu_cores']} processor cores; no "
        f"graphics processor and no network. It listens on port {needs['port']} and takes "
        f"{'raw data' if needs['emitter'] == 'raw' else 'images'} in the ISMRM raw data format, version 1.",
    )
    try:
        page.output(str(path))
    except OSError as error:
        raise OutputFailed(f"can't write {path}: {error.strerror}") from error


def _row(parameter: dict[str, Any]) -> tuple[str, str, str]:
    words = parameter["information"]["en"]
    if "values" in parameter:
        words += " " + "; ".join(f"{value['id']}: {value['name']['en']}" for value in parameter["values"]) + "."
    elif "minimum" in parameter:
        unit = f" {parameter['unit']['en']}" if "unit" in parameter else ""
        words += f" {parameter['minimum']:g} to {parameter['maximum']:g}{unit}."
    default = parameter["default"]
    return parameter["id"], ("on" if default else "off") if isinstance(default, bool) else str(default), words
