"""Which results a person should look at first, and their pictures."""

from __future__ import annotations

import base64
import io
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

#: Standard deviations from the mean from which on a value is worth a word.
_UNUSUAL = 2.0


def worst_first(base: sqlite3.Connection, most: int) -> Iterator[tuple[sqlite3.Row, str]]:
    """The results that a person should see first, each with why.

    Parameters
    ----------
    base
        A ledger.
    most
        How many.

    Yields
    ------
    tuple[sqlite3.Row, str]
        Items by verdict, then by how many standard deviations a check's value is from the archive's mean.
    """
    usual: dict[tuple[str, str], tuple[float, float]] = {}
    for task, name, middle, spread in base.execute(
        "SELECT task, json_extract(c.value, '$.name'), avg(json_extract(c.value, '$.value')), "
        "avg(json_extract(c.value, '$.value') * json_extract(c.value, '$.value')) "
        "FROM items, json_each(items.checks) AS c "
        "WHERE items.verdict != '' AND json_extract(c.value, '$.value') NOT NULL "
        "GROUP BY 1, 2"
    ):
        usual[task, name] = (middle, max(spread - middle * middle, 0.0) ** 0.5)
    order = {"REJECT": 2, "REVIEW": 1, "PASS": 0}
    scored = []
    for row in base.execute("SELECT number, task, verdict, checks FROM items WHERE verdict != ''"):
        score, why = 0.0, ""
        bad = []
        for check in json.loads(row["checks"]):
            value, (middle, spread) = check["value"], usual.get((row["task"], check["name"]), (0.0, 0.0))
            if check["outcome"] in ("REVIEW", "REJECT"):
                bad.append(str(check["message"] or check["name"]))
            if value is not None and spread > 0 and abs(value - middle) / spread > score:
                score = abs(value - middle) / spread
                unit = f" {check['unit']}" if check["unit"] else ""
                side = "above" if value > middle else "below"
                name = check["name"].replace("_", " ")
                why = f"{name} {value:.4g}{unit}, {score:.1f} standard deviations {side} the mean"
        words = "; ".join(bad) or (why if score >= _UNUSUAL else "")
        scored.append((order.get(row["verdict"], 2), score, row["number"], words))
        if len(scored) > 4 * most:
            scored = sorted(scored, reverse=True)[:most]
    for _, _, number, why in sorted(scored, reverse=True)[:most]:
        yield base.execute("SELECT * FROM items WHERE number = ?", (number,)).fetchone(), why


def thumbnail(path: Path, width: int) -> str:
    """A preview, ``width`` pixels wide, as an image inside the page; nothing where there is none."""
    from PIL import Image

    try:
        with Image.open(path) as picture:
            small = picture.convert("RGB")
            small.thumbnail((width, width))
            held = io.BytesIO()
            small.save(held, "JPEG", quality=78)
    except (OSError, ValueError, Image.DecompressionBombError):
        return ""
    words = base64.b64encode(held.getvalue()).decode()
    return (
        f'<img loading="lazy" width="{small.width}" height="{small.height}" alt="before and after" '
        f'src="data:image/jpeg;base64,{words}">'
    )
