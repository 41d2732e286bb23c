"""``preservation.html``: all measures of all methods on one page that needs nothing else."""

from __future__ import annotations

import base64
from html import escape
from typing import Any

from recon.preservation.plots import plots

_COLOURS = {"pass": "#dff2e1", "so-so": "#fff3d6", "FAIL": "#f9dcdc", "not measured": "#eeeeee", "no limit": "#ffffff"}
_STYLE = """body{font:15px/1.5 system-ui,sans-serif;max-width:84em;margin:2em auto;padding:0 1em;color:#222}
table{border-collapse:collapse;margin:1em 0;font-size:14px}
td,th{border:1px solid #ccc;padding:.15em .6em;text-align:left}
.value{white-space:nowrap}.what{min-width:14em}th[scope=row]{min-width:16em}th[scope=col]{vertical-align:bottom}
img{width:100%}.bad{background:#f9dcdc;padding:.6em}"""


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
    explained = _explained(names, [next(entry for entry in row if entry is not None) for row in rows])
    for name, row, what in zip(names, rows, explained, strict=True):
        known = next(entry for entry in row if entry is not None)
        cells = "".join(
            "<td></td>"
            if entry is None
            else f'<td class="value" style="background:{_COLOURS[entry["outcome"]]}" title="{escape(entry["words"])}">'
            f"{_cell(entry)}</td>"
            for entry in row
        )
        limit = "" if known["passes"] is None else _limit(known, " / ")
        body.append(f'<tr><th scope="row">{escape(name)}</th>{what}<td class="value">{limit}</td>{cells}</tr>')
    heads = "".join(
        f'<th scope="col">{escape(name)}</th>' for name in ("measure", "what it is", "passes / fails", *methods)
    )
    picture = base64.b64encode(plots(methods)).decode()
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style>'
        f"<h1>{escape(title)}</h1>{said}<p>{escape(_conditions(report))}</p>"
        f'<img alt="The measures, method by method" src="data:image/png;base64,{picture}">'
        f"<table><tr>{heads}</tr>{''.join(body)}</table>"
        "<p>Not a medical device; for research use.</p></html>"
    )


def _explained(names: list[str], entries: list[dict[str, Any]]) -> list[str]:
    """Cells that say what measures are, one for neighbours that differ in the lesion alone; empty for the others."""
    lesions = [name.partition(", ")[2] for name in names]
    words = [
        entry["words"].replace(lesion, "lesion") if lesion.endswith(("%", "HU")) else entry["words"]
        for lesion, entry in zip(lesions, entries, strict=True)
    ]
    cells = []
    for place, said in enumerate(words):
        if place and said == words[place - 1]:
            cells.append("")
            continue
        alike = next((n for n, other in enumerate(words[place:]) if other != said), len(words) - place)
        shown = said if alike > 1 else entries[place]["words"]
        cells.append(f'<td class="what" rowspan="{alike}">{escape(shown)}</td>')
    return cells


def _conditions(report: dict[str, Any]) -> str:
    control = report["control"]
    measured = "not measured, too few places"
    if control["interval"] is not None:
        measured = f"{control['value']:g} ({control['interval'][0]:g} to {control['interval'][1]:g})"
    return f"{report['conditions']}. Control, {control['words']}: {measured}."


def _limit(entry: dict[str, Any], between: str) -> str:
    return f"{entry['passes']:g}{between}{entry['fails']:g}"


def _cell(entry: dict[str, Any]) -> str:
    number = "" if entry["value"] is None else f"{entry['value']:.2f} "
    outcome = "" if entry["outcome"] == "no limit" else entry["outcome"]
    return f"{number}{outcome}{', says nothing' if entry.get('says') == 'nothing' else ''}".strip()
