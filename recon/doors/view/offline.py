"""A page in one file: a few slices of each result, for a mail or a paper's supplement; no patient, no path in it."""

from __future__ import annotations

import base64
import json
import os
import re
import secrets
import zlib
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from recon.doors.view.case import Case
from recon.doors.view.described import whole
from recon.doors.view.frames import frame
from recon.doors.view.images import CaseImages, failing_slices
from recon.errors import OutputFailed

#: Steps of a slice's range: enough for any window, and half the size.
_STEPS = 4094
#: Parts of a report that name no person and no place.
_KEPT = (
    "task",
    "verdict",
    "status",
    "checks",
    "model",
    "interval",
    "timings_ms",
    "slices",
    "probes",
    "comparability",
    "disclaimer",
)
#: And of what was chosen, where paths are told, too.
_CHOSEN = ("strength", "strength_chosen", "dose_fraction", "probes")
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' data:; style-src 'unsafe-inline'; img-src data: blob:; "
    "connect-src data:; form-action 'none'; base-uri 'none'"
)


def write_page(cases: Sequence[Case], path: Path, slices: int = 5) -> None:
    """Write the page, whole or not at all.

    Parameters
    ----------
    cases
        What it shows, under numbers instead of names.
    path
        Of the page.
    slices
        Of each case: the worst, the one with the widest interval, where checks failed, then evenly.

    Raises
    ------
    UnreadableInput
        When an image can't be read.
    OutputFailed
        When the page can't be written.
    """
    content = {"cases": [_embedded(case, number, slices) for number, case in enumerate(cases, 1)]}
    working = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    try:
        working.write_text(_page(content), encoding="utf-8")
        os.replace(working, path)
    except OSError as error:
        working.unlink(missing_ok=True)
        raise OutputFailed(f"{path}: can't be written ({error.strerror or error})") from error


def _embedded(case: Case, number: int, most: int) -> dict[str, Any]:
    images = CaseImages(case)
    try:
        profile = images.profile()
        kept = _chosen(images, profile, failing_slices(case), most)
        slices: dict[str, dict[str, str]] = {}
        for plane in images.planes:
            found = {index: images.read(plane, index) for index in kept}
            slices[plane] = {
                str(index): base64.b64encode(zlib.compress(frame(values, _STEPS), 9)).decode()
                for index, values in found.items()
                if values is not None
            }
        known = whole(case, images, [])
    finally:
        images.close()
    report = {name: case.report[name] for name in _KEPT if name in case.report}
    chosen = case.report.get("parameters")
    if isinstance(chosen, dict):
        report["parameters"] = {name: chosen[name] for name in _CHOSEN if name in chosen}
    line = {
        "key": f"{number}",
        "name": f"case {number}",
        "task": case.task,
        "verdict": case.verdict,
        "patient": "",
        "taken": "",
        "made": known["made"],
        "slices": case.slices,
        "decisions": [],
        "why": "" if case.trouble else known["why"],
    }
    missing = dict.fromkeys(images.missing, "not in this page")
    shown = {
        **known,
        **line,
        "report": report,
        "facts": {},
        "folder": "",
        "missing": missing,
        "kept": kept,
        "first": kept[len(kept) // 2],
    }
    return {"line": line, "whole": shown, "profile": profile, "slices": slices}


def _chosen(images: CaseImages, profile: dict[str, Any], failing: dict[str, list[int]], most: int) -> list[int]:
    """Indices, in order; no more than ``most``."""
    widest = profile["widest"]
    failed = sorted({index for places in failing.values() for index in places})
    wanted = [profile["worst"], widest and widest["index"], images.first, *failed]
    count = images.shape[0]
    wanted += [round(place * (count - 1) / max(1, most - 1)) for place in range(most)]
    missing = set((images.case.report.get("slices") or {}).get("missing") or [])
    there = [index for index in wanted if index is not None and 0 <= index < count and index not in missing]
    return sorted(list(dict.fromkeys(there))[:most]) or [images.first]


def _page(content: dict[str, Any]) -> str:
    static = resources.files("recon.doors.view").joinpath("static")
    scripts = {}
    for file in sorted(static.joinpath("js").iterdir(), key=lambda file: file.name):
        # a module inside an address finds others by name only
        source = re.sub(r'from "\./(\w+)\.js"', r'from "recon/\1"', file.read_text())
        scripts[f"recon/{file.name.removesuffix('.js')}"] = (
            "data:text/javascript;base64," + base64.b64encode(source.encode()).decode()
        )
    head = (
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        f"<style>{static.joinpath('page.css').read_text()}</style>\n"
        f'<script type="importmap">{_json({"imports": scripts})}</script>\n'
        f'<script type="application/json" id="embedded">{_json(content)}</script>\n'
        '<script type="module">import "recon/main";</script>\n'
    )
    page = static.joinpath("index.html").read_text()
    for tag in (r'<link rel="icon"[^>]*>\n', r'<link rel="stylesheet"[^>]*>\n', r"<script[^>]*></script>\n"):
        page = re.sub(tag, "", page)
    return page.replace("</head>", f"{head}</head>")


def _json(content: Any) -> str:
    """JSON that can't end the element it stands in."""
    return json.dumps(content, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
