"""Parts of a scan make one report."""

from __future__ import annotations

from recon.batch.execute import merged
from recon.batch.items import Item
from tests.batch.archives import report_of


def test_parts_of_a_scan_make_one_report() -> None:
    item = Item(1, "k", "n", "ct", "", {})
    found = merged([report_of(item), report_of(item, verdict="REVIEW", slices=3, missing=(1,))])
    assert (found["verdict"], found["status"]) == ("REVIEW", "incomplete")
    assert found["slices"] == {"total": 7, "missing": [1]}
    assert len(found["checks"]) == 4
