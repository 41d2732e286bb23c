"""The report of a run: one HTML file that opens anywhere, without network and without script."""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
import time
from dataclasses import dataclass
from datetime import date
from html import escape
from importlib import resources
from pathlib import Path
from typing import IO, Any

from recon import __version__
from recon.batch.charts import Point, scatter
from recon.batch.decided import write_decisions
from recon.batch.ledger_file import meta, reading
from recon.batch.outliers import thumbnail, worst_first
from recon.batch.status import summary
from recon.errors import OutputFailed

NAME = "report.html"
_PICTURES = 60
_ROWS = 500
_POINTS = 2000
_WIDE, _NARROW = 1130, 720
#: Checks whose values are followed over the archive, in their order.
_FOLLOWED = ("noise_level", "noise_to_signal", "mean_uncertainty")


@dataclass(frozen=True)
class _Followed:
    """Where one check of one task stands over the archive."""

    task: str
    check: str


def write_report(folder: Path) -> Path:
    """Write ``report.html`` beside the ledger, whole or not at all.

    Parameters
    ----------
    folder
        Of the ledger and the results.

    Returns
    -------
    Path
        Of the page.

    Raises
    ------
    UnreadableInput
        When there is no ledger.
    OutputFailed
        When the page can't be written.
    """
    target, working = folder / NAME, folder / f".{NAME}.{secrets.token_hex(4)}.partial"
    with reading(folder) as base:
        try:
            with working.open("w", encoding="utf-8", errors="backslashreplace") as page:
                _page(page, base, folder)
            os.replace(working, target)
        except OSError as error:
            working.unlink(missing_ok=True)
            raise OutputFailed(f"{target}: can't be written ({error.strerror or error})") from error
    return target


def _page(page: IO[str], base: sqlite3.Connection, folder: Path) -> None:
    found, spec = summary(base), meta(base, "spec", {})
    style = resources.files("recon.batch").joinpath("report.css").read_text()
    sources = ", ".join(spec.get("inputs", []))
    page.write(
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Batch report</title><style>{style}</style><h1>Batch report</h1>"
        f'<p class="soft path">{escape(sources)} &rarr; {escape(str(folder.absolute()))}</p>'
        f'<p class="soft">{time.strftime("%Y-%m-%d %H:%M")}, recon {escape(__version__)}. '
        "Not a medical device; for research use.</p>"
    )
    _totals(page, base, found)
    _failures(page, base)
    _figures(page, base)
    _outliers(page, base, folder)
    write_decisions(page, folder)
    _models(page, base)
    _left_out(page, base)


def _totals(page: IO[str], base: sqlite3.Connection, found: dict[str, Any]) -> None:
    words = {
        0: "Everything that was found is done.",
        1: "Not everything is done: see what failed, was rejected or is left.",
        2: "Nothing could start.",
    }
    page.write('<div class="totals">')
    for state in ("items", "done", "rejected", "failed", "skipped", "pending", "running"):
        if found[state] or state in ("items", "done", "failed"):
            page.write(f'<div><b class="{state if found[state] else ""}">{found[state]}</b>{state}</div>')
    page.write('</div><div class="bar">')
    for state in ("done", "rejected", "failed", "skipped"):
        page.write(f'<i class="{state}" style="width:{100 * found[state] / max(1, found["items"]):.3f}%"></i>')
    verdicts = dict(base.execute("SELECT verdict, count(*) FROM items WHERE verdict != '' GROUP BY verdict").fetchall())
    slices, seconds = base.execute("SELECT sum(slices), sum(seconds) FROM items WHERE verdict != ''").fetchone()
    parts = [f"{verdicts[name]} {name}" for name in ("PASS", "REVIEW", "REJECT") if name in verdicts]
    page.write(f"</div><p>{words[found['exit_status']]} Exit status {found['exit_status']}.")
    if parts:
        page.write(f" Verdicts: {', '.join(parts)}. {slices} slices, {seconds:.0f} s of work.")
    page.write("</p>")
    if found["stopped"]:
        page.write(f'<p class="failed">The run was stopped: {escape(found["stopped"])}</p>')
    if found["unstable"]:
        page.write(f'<p class="failed">{found["unstable"]} of the skipped were still being written.</p>')


def _failures(page: IO[str], base: sqlite3.Connection) -> None:
    query = (
        "SELECT name AS what, task, state, reason, attempts FROM items "
        "WHERE state = 'failed' OR (state = 'skipped' AND reason LIKE 'unstable: %') UNION ALL "
        "SELECT path, '', state, reason, 0 FROM inputs "
        "WHERE item IS NULL AND (state = 'failed' OR reason LIKE 'unstable: %') LIMIT ?"
    )
    rows = base.execute(query, (_ROWS,)).fetchall()
    if not rows:
        return
    roots = meta(base, "spec", {}).get("inputs", [])
    page.write('<h2>Failures</h2><div class="scroll"><table><tr><th>Item<th>Why<th>Attempts')
    for row in rows:
        attempts = row["attempts"] or ""
        page.write(
            f'<tr><td class="path">{escape(_short(row["what"], roots))}<td class="path">{escape(row["reason"])}'
            f'<td class="n">{attempts}'
        )
    page.write("</table></div>")
    if len(rows) == _ROWS:
        page.write(f'<p class="soft">The first {_ROWS}; <code>recon batch status --json</code> has all.</p>')


def _figures(page: IO[str], base: sqlite3.Connection) -> None:
    query = (
        "SELECT items.task, json_extract(c.value, '$.name') AS check_name, count(*) AS n FROM items, "
        "json_each(items.checks) AS c WHERE items.verdict != '' AND json_extract(c.value, '$.value') NOT NULL "
        "GROUP BY 1, 2 HAVING n > 1"
    )
    found = [_Followed(row[0], row[1]) for row in base.execute(query) if row[1] in _FOLLOWED]
    if not found:
        return
    page.write(
        "<h2>Noise and uncertainty over the archive</h2>"
        '<p class="soft">One point an item; the line is the running median, dashes are the limits of the check.</p>'
        '<div class="figures">'
    )
    for figure in sorted(found, key=lambda item: (item.task, _FOLLOWED.index(item.check))):
        points, unit, limits = _points(base, figure)
        title = f"{figure.task}: {figure.check.replace('_', ' ')}"
        _figure(page, f"{title}, in the order of the archive", points, unit, ("first item", "last item"), limits)
        dated = _dated(points, _days(base, figure))
        if len({point.x for point, _ in dated}) > 1:
            ends = (dated[0][1], dated[-1][1])
            _figure(page, f"{title}, by date of the scan", [point for point, _ in dated], unit, ends, limits)
    page.write("</div>")


def _dated(points: list[Point], days: list[str]) -> list[tuple[Point, str]]:
    found = []
    for point, day in zip(points, days, strict=True):
        try:
            found.append(
                (Point(date.fromisoformat(day).toordinal(), point.y, point.verdict, f"{point.name}, {day}"), day)
            )
        except ValueError:  # the scan tells no date, or an impossible one
            continue
    return sorted(found, key=lambda pair: pair[0].x)


def _figure(
    page: IO[str],
    title: str,
    points: list[Point],
    unit: str,
    ends: tuple[str, str],
    limits: tuple[float | None, float | None],
) -> None:
    page.write(f"<figure><h3>{escape(title)}</h3>{scatter(points, unit, ends, limits)}</figure>")


def _rows_of(base: sqlite3.Connection, figure: _Followed) -> list[sqlite3.Row]:
    """At most ``_POINTS`` items, evenly over the archive."""
    total = base.execute("SELECT count(*) FROM items WHERE verdict != '' AND task = ?", (figure.task,)).fetchone()[0]
    step = max(1, -(-total // _POINTS))
    query = (
        "SELECT number, name, verdict, taken, c.value AS value FROM "
        "(SELECT *, row_number() OVER (ORDER BY number) AS place FROM items WHERE verdict != '' AND task = ?) "
        "AS items, json_each(items.checks) AS c "
        "WHERE place % ? = 0 AND json_extract(c.value, '$.name') = ? AND json_extract(c.value, '$.value') NOT NULL "
        "ORDER BY number"
    )
    return base.execute(query, (figure.task, step, figure.check)).fetchall()


def _days(base: sqlite3.Connection, figure: _Followed) -> list[str]:
    return [row["taken"] for row in _rows_of(base, figure)]


def _points(base: sqlite3.Connection, figure: _Followed) -> tuple[list[Point], str, tuple[float | None, float | None]]:
    points, unit, limits = [], "", (None, None)
    for place, row in enumerate(_rows_of(base, figure)):
        check = json.loads(row["value"])
        points.append(Point(float(place), float(check["value"]), row["verdict"], row["name"]))
        unit, limits = str(check["unit"] or ""), (check["lower_limit"], check["upper_limit"])
    return points, unit, limits


def _outliers(page: IO[str], base: sqlite3.Connection, folder: Path) -> None:
    rows = list(worst_first(base, _PICTURES))
    if not rows:
        return
    page.write('<h2>Results, outliers first</h2><div class="cases">')
    for row, why in rows:
        verdict = row["verdict"].lower()
        picture = thumbnail(folder / row["name"] / "preview.png", _WIDE if verdict != "pass" else _NARROW)
        page.write(
            f'<div class="case {escape(verdict)}"><header><h3 class="path">{escape(row["name"])}</h3>'
            f'<span class="tag {escape(verdict)}">{escape(row["verdict"])}</span> '
            f'<span class="soft">{escape(row["task"])}, {_counted(row["slices"])}'
            f"{', ' + escape(row['taken']) if row['taken'] else ''}</span><p>{escape(why)}</p></header>{picture}</div>"
        )
    page.write("</div>")
    total = base.execute("SELECT count(*) FROM items WHERE verdict != ''").fetchone()[0]
    if total > len(rows):
        page.write(f'<p class="soft">{len(rows)} of {total} results; the others lie in their folders.</p>')


def _models(page: IO[str], base: sqlite3.Connection) -> None:
    rows = base.execute(
        "SELECT task, model, model_version, model_sha256, count(*) AS n, sum(slices) AS slices FROM items "
        "WHERE verdict != '' GROUP BY 1, 2, 3, 4 ORDER BY 1, 2"
    ).fetchall()
    if not rows:
        return
    page.write('<h2>Models</h2><div class="scroll"><table><tr><th>Task<th>Model<th>SHA-256<th>Items<th>Slices')
    for row in rows:
        page.write(
            f"<tr><td>{escape(row['task'])}<td>{escape(row['model'])} {escape(row['model_version'])}"
            f'<td class="path"><code>{escape(row["model_sha256"])}</code>'
            f'<td class="n">{row["n"]}<td class="n">{row["slices"]}'
        )
    page.write("</table></div>")


def _left_out(page: IO[str], base: sqlite3.Connection) -> None:
    query = (
        "SELECT reason, count(*) AS n, min(path) AS example FROM (SELECT CASE WHEN reason LIKE 'duplicate of %' "
        "THEN 'duplicate of another file' ELSE reason END AS reason, path FROM inputs "
        "WHERE item IS NULL AND state = 'skipped' UNION ALL "
        "SELECT reason, name FROM items WHERE state = 'skipped') GROUP BY reason ORDER BY n DESC LIMIT ?"
    )
    rows = base.execute(query, (_ROWS,)).fetchall()
    if not rows:
        return
    roots = meta(base, "spec", {}).get("inputs", [])
    page.write('<h2>Skipped</h2><div class="scroll"><table><tr><th>Number<th>Why<th>For instance')
    for row in rows:
        page.write(
            f'<tr><td class="n">{row["n"]}<td>{escape(row["reason"])}'
            f'<td class="path soft">{escape(_short(row["example"], roots))}'
        )
    page.write("</table></div>")


def _counted(slices: int) -> str:
    return "1 slice" if slices == 1 else f"{slices} slices"


def _short(path: str, roots: list[str]) -> str:
    """A path as seen from the archive."""
    for root in roots:
        if path.startswith(root.rstrip("/") + "/"):
            return path[len(root.rstrip("/")) + 1 :]
    return path
