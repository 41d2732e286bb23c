"""``serve.html``: a run of ``recon bench serve`` on one page that needs nothing else."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Mapping
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from recon.bench import plots, table
from recon.bench.words import conditions, findings

_STYLE = """:root{color-scheme:light}
body{font:15px/1.5 system-ui,"DejaVu Sans",sans-serif;max-width:74em;margin:2em auto;padding:0 1.2em;color:#1c2024}
h1{font-size:1.5em;margin:0 0 .3em}h2{font-size:1.15em;margin:2em 0 .5em}
.scroll{overflow-x:auto}table{border-collapse:collapse;font-size:.92em}
th{color:#60646c;font-weight:600;text-align:left}
td,th{border-bottom:1px solid #e0e3e7;padding:.3em .9em .3em 0;vertical-align:top}
td+td+td{font-variant-numeric:tabular-nums}figure{margin:1em 0}img{width:100%}
.good,.bad{border-radius:6px;padding:.6em .9em}.good{background:#e3f4e8}.bad{background:#f9dcdc}"""

Plot = Callable[[Mapping[str, Any], Path], None]


def page(record: Mapping[str, Any]) -> str:
    """The page as HTML, plots included."""
    settings = record["settings"]
    title = f"recon bench serve: {settings['model']}"
    parts = [
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style>',
        f"<h1>{escape(settings['model'])}: latency and throughput</h1>",
        _verdict(record),
        *(f"<p>{_code(escape(words))}</p>" for words in (conditions(record), findings(record)) if words),
        _figure(plots.latency_against_load, record, "Latency and throughput of every route under every load."),
    ]
    if any(cell.get("breakdown_ms") for cell in record["cells"]):
        parts.append(_figure(plots.breakdown, record, "Where the time of a slice went, as the reports say."))
    parts += [
        _figure(plots.medians_over_time, record, "Median of each block as the run went on: what the machine did."),
        "<h2>Every route under every load</h2>",
        _table(table.SERVE_HEADS, table.serve_rows(record)),
        f"<p>A slice is {escape(settings['slice'])}.</p>",
        "<h2>Processes</h2>",
        _table(table.PROCESS_HEADS, table.process_rows(record)),
        "<h2>The instrument</h2>",
        _table(table.CHECK_HEADS, table.check_rows(record)) if record["self_test"] else "<p>It was not tested.</p>",
        "<h2>Machine and run</h2>",
        _table(("", ""), _facts({**record["machine"], **settings, **record["notes"]})),
    ]
    return "\n".join([*parts, "</html>\n"])


def _verdict(record: Mapping[str, Any]) -> str:
    if record["valid"]:
        return '<p class="good">Valid: every answer was right, and no request was sent late.</p>'
    cells = [f"{cell['route']}, {cell['load']}: {reason}" for cell in record["cells"] for reason in cell["reasons"]]
    reasons = "".join(f"<li>{escape(reason)}</li>" for reason in (*record["problems"], *cells))
    return f'<div class="bad"><b>INVALID</b>: no figure may be quoted.<ul>{reasons}</ul></div>'


def _code(words: str) -> str:
    """Backticks as HTML has them."""
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", words)


def _figure(plot: Plot, record: Mapping[str, Any], words: str) -> str:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "plot.svg"
        plot(record, path)
        data = base64.b64encode(path.read_bytes()).decode()
    return f'<figure><img alt="{escape(words)}" src="data:image/svg+xml;base64,{data}"></figure>'


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = "".join(f"<th>{escape(words)}</th>" for words in heads)
    body = "".join(f"<tr>{''.join(f'<td>{escape(words)}</td>' for words in row)}</tr>" for row in rows)
    return f'<div class="scroll"><table><tr>{head}</tr>{body}</table></div>'


def _facts(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(name.replace("_", " "), _plain(value)) for name, value in facts.items() if value not in (None, {}, [])]


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_plain(part)}" for name, part in value.items())
    return ", ".join(map(_plain, value)) if isinstance(value, list | tuple) else str(value)
