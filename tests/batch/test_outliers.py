"""What a person should see first: rejected, doubtful, then what differs most from the others."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

from PIL import Image

from recon.batch.ledger_file import NAME, opened
from recon.batch.outliers import thumbnail, worst_first


def test_the_worst_come_first_and_say_why(tmp_path: Path) -> None:
    def check(value: float, outcome: str = "PASS", message: str = "") -> str:
        name = {"name": "noise_level", "unit": "HU", "value": value}
        return json.dumps([{**name, "outcome": outcome, "message": message}])

    rows = [(f"usual{n}", "PASS", check(10 + 0.1 * n)) for n in range(8)]
    rows += [
        ("odd", "PASS", check(30)),
        ("doubtful", "REVIEW", check(10, "REVIEW", "too noisy")),
        ("rejected", "REJECT", check(10, "REJECT", "no body")),
    ]
    with closing(opened(tmp_path / NAME)) as base:
        for number, (name, verdict, checks) in enumerate(rows):
            base.execute(
                "INSERT INTO items (number, key, name, task, why, state, verdict, checks) "
                "VALUES (?, ?, ?, 'ct', '', 'done', ?, ?)",
                (number, name, name, verdict, checks),
            )
        found = [(row["name"], why) for row, why in worst_first(base, 3)]
    assert [name for name, _ in found] == ["rejected", "doubtful", "odd"]
    assert [why for _, why in found[:2]] == ["no body", "too noisy"]
    assert found[2][1].startswith("noise level 30 HU, ")
    assert found[2][1].endswith("standard deviations above the mean")


def test_a_picture_lies_inside_the_page_and_a_broken_one_is_left_out(tmp_path: Path) -> None:
    Image.new("RGB", (400, 200)).save(tmp_path / "good.png")
    (tmp_path / "bad.png").write_bytes(b"no picture")
    assert 'width="100" height="50"' in thumbnail(tmp_path / "good.png", 100)
    assert thumbnail(tmp_path / "bad.png", 100) == ""
    assert thumbnail(tmp_path / "absent.png", 100) == ""
