"""Decisions for other programs."""

from __future__ import annotations

import csv
import io
import json

from recon.reading.book import Book
from recon.reading.decisions import Choice, decide, history
from recon.reading.export import to_csv, to_json
from tests.reading.readers import subject


def test_export_is_csv_and_json_and_no_formula(book: Book) -> None:
    decide(book, subject('a "quoted", name'), "Ada", Choice.REJECT, '=HYPERLINK("x")\nsecond line')
    rows = list(csv.DictReader(io.StringIO(to_csv(history(book)))))
    assert rows[0]["result"] == 'a "quoted", name'
    assert rows[0]["note"] == '\'=HYPERLINK("x")\nsecond line'
    content = json.loads(to_json(history(book)))
    assert content["decisions"][0]["note"] == '=HYPERLINK("x")\nsecond line'
    assert content["decisions"][0]["choice"] == "reject"
