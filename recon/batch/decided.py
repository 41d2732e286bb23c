"""What readers decided, for the report of a run."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import IO

from recon.errors import UnreadableInput
from recon.reading.agreement import with_verdict
from recon.reading.book import NAME, Book
from recon.reading.decisions import history, standing

_ROWS = 500


def write_decisions(page: IO[str], folder: Path) -> None:
    """A table of verdicts and decisions, then every decision that stands; nothing where there is none."""
    try:
        found = standing(history(Book(folder / NAME)))
    except UnreadableInput as error:
        page.write(f'<h2>Decisions</h2><p class="failed">{escape(error.problem)}</p>')
        return
    if not found:
        return
    page.write('<h2>Decisions</h2><div class="scroll"><table><tr><th>Verdict<th>Accepted<th>Needs a look<th>Rejected')
    for row in with_verdict(found):
        cells = "".join(f'<td class="n">{count}' for count in row.counts.values())
        page.write(f"<tr><td>{escape(row.verdict)}{cells}")
    page.write('</table></div><div class="scroll"><table><tr><th>Result<th>Reader<th>Decision<th>Note<th>When')
    for one in found[-_ROWS:][::-1]:
        page.write(
            f'<tr><td class="path">{escape(one.subject.result)}<td>{escape(one.reader)}<td>{escape(one.choice)}'
            f'<td class="path">{escape(one.note)}<td class="n">{one.made:%Y-%m-%d %H:%M}'
        )
    page.write("</table></div>")
    if len(found) > _ROWS:
        page.write(f'<p class="soft">The last {_ROWS} of {len(found)}; <code>recon view</code> exports all.</p>')
