"""``preservation.html``: all measures of all methods on one page that needs nothing else."""

from __future__ import annotations

import base64
import io
from html import escape
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt

_COLOURS = {"pass": "#dff2e1", "so-so": "#fff3d6", "FAIL": "#f9dcdc", "not measured": "#eeeeee", "no limit": "#ffffff"}
#: Start of a measure's name, and what is drawn of those that start so.
_PANELS = (
    ("kept, ", "contrast kept, median and 10th to 90th percentile"),
    ("sharpness at ", "TTF50 over the input's"),
    ("found, ", "lesions found at the same share of false positives"),
    ("resolved, ", "two points told from one, AUC"),
    ("interval, ", "coverage inside lesions (cross: same pixels without)"),
)
_STYLE = """body{font:15px/1.5 system-ui,sans-serif;max-width:70em;margin:2em auto;padding:0 1em;color:#222}
table{border-collapse:collapse;margin:1em 0}td,th{border:1px solid #ccc;padding:.25em .7em;text-align:left}
img{max-width:100%}.bad{background:#f9dcdc;padding:.6em}"""


def table(methods: dict[str, dict[str, dict[str, Any]]]) -> tuple[list[str], list[list[dict[str, Any] | None]]]:
    """Names of the measures, and of each the entry of every method; None where a method has none."""
    names = list(dict.fromkeys(name for measures in methods.values() for name in measures))
    return names, [[measures.get(name) for measures in methods.values()] for name in names]


def card(report: dict[str, Any]) -> str:
    """Conditions and the table in Markdown, for a model's card."""
    methods = report["methods"]
    names, rows = table(methods)
    lines = [
        _conditions(report),
        "",
        f"| measure (pass, fail) | {' | '.join(methods)} |",
        "|---|" + "---|" * len(methods),
    ]
    for name, row in zip(names, rows, strict=True):
        known = next(entry for entry in row if entry is not None)
        cells = ["" if entry is None else _cell(entry) for entry in row]
        limit = "" if known["passes"] is None else f" ({_limit(known, ', ')})"
        lines.append(f"| {name}{limit} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def page(report: dict[str, Any], title: str) -> str:
    """The page as HTML."""
    methods = report["methods"]
    names, rows = table(methods)
    said = "" if report["valid"] else '<p class="bad"><b>INVALID</b>: the control is not what theory says.</p>'
    body = []
    for name, row in zip(names, rows, strict=True):
        known = next(entry for entry in row if entry is not None)
        cells = "".join(
            "<td></td>"
            if entry is None
            else f'<td style="background:{_COLOURS[entry["outcome"]]}" title="{escape(entry["words"])}">'
            f"{_cell(entry)}</td>"
            for entry in row
        )
        limit = "" if known["passes"] is None else _limit(known, " / ")
        body.append(f"<tr><th>{escape(name)}</th><td>{escape(known['words'])}</td><td>{limit}</td>{cells}</tr>")
    heads = "".join(f"<th>{escape(name)}</th>" for name in methods)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style>'
        f"<h1>{escape(title)}</h1>{said}<p>{escape(_conditions(report))}</p>"
        f'<img alt="The measures, method by method" src="data:image/png;base64,{_plots(methods)}">'
        f"<table><tr><th>measure</th><th>what it is</th><th>passes / fails</th>{heads}</tr>{''.join(body)}</table>"
        "<p>Not a medical device; for research use.</p></html>"
    )


def _conditions(report: dict[str, Any]) -> str:
    control = report["control"]
    measured = "not measured, too few places"
    if control["value"] is not None:
        measured = f"{control['value']:g} ({control['interval'][0]:g} to {control['interval'][1]:g})"
    return f"{report['conditions']}. Control, {control['words']}: {measured}."


def _limit(entry: dict[str, Any], between: str) -> str:
    return f"{entry['passes']:g}{between}{entry['fails']:g}"


def _cell(entry: dict[str, Any]) -> str:
    number = "" if entry["value"] is None else f"{entry['value']:.2f} "
    outcome = "" if entry["outcome"] == "no limit" else entry["outcome"]
    return f"{number}{outcome}{', says nothing' if entry.get('says') == 'nothing' else ''}".strip()


def _short(name: str) -> str:
    return name.replace(" lesion of", "\n").replace(" plaque of", "\n")


def _plots(methods: dict[str, dict[str, dict[str, Any]]]) -> str:
    names = table(methods)[0]
    panels = [panel for panel in _PANELS if any(name.startswith(panel[0]) for name in names)]
    figure, axes = plt.subplots(1, len(panels), figsize=(5 * len(panels), 4.4), layout="constrained", squeeze=False)
    for axis, (start, words) in zip(axes[0], panels, strict=True):
        for number, (method, measures) in enumerate(methods.items()):
            found = {name.removeprefix(start): entry for name, entry in measures.items() if name.startswith(start)}
            places = [index + 0.12 * number for index in range(len(found))]
            values = [float("nan") if entry["value"] is None else entry["value"] for entry in found.values()]
            drawn = axis.plot(places, values, "o", label=method)
            colour = drawn[0].get_color()
            for place, entry in zip(places, found.values(), strict=True):
                if "p10" in entry:
                    axis.plot([place, place], [entry["p10"], entry["p90"]], color=colour)
                if "without" in entry:
                    axis.plot(place, entry["without"], "x", color=colour)
            if found:
                axis.set_xticks(range(len(found)), [_short(name) for name in found], fontsize=7)
        axis.set_ylim(0, 1.15)
        axis.axhline(1, color="#999", linewidth=0.8)
        axis.set_title(words, fontsize=11)
    axes[0, 0].legend(fontsize=9)
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=80)
    plt.close(figure)
    return base64.b64encode(buffer.getvalue()).decode()
