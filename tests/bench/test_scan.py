"""A long series is measured as it is; memory that grows with it is a problem."""

from __future__ import annotations

from pathlib import Path

import pytest

from recon.bench import record, scan, table
from recon.bench.processes import Processes, Usage, own
from recon.client.local import Local
from recon.tasks.sample import Extent


class Growing(Processes):
    """One process that holds so much more every time it is looked at."""

    def __init__(self, step_mib: float) -> None:
        self.step, self.held = step_mib, 100.0

    def usage(self) -> dict[str, Usage]:
        self.held += self.step
        return {"gateway": Usage(1.0, self.held, self.held)}


def test_a_scan_is_counted_and_watched(tmp_path: Path) -> None:
    with Local() as local:
        found = scan.measure_scan(local, Processes({own(): "caller"}), "mr", 9, Extent(64, 2), "zero-filled")
    record.write(found, tmp_path / "scan.json")
    again = record.read(tmp_path / "scan.json")
    assert (again["slices"], again["model"], again["valid"]) == (9, "zero-filled", True)
    assert again["image"] == "2 coils, 64 x 64, every fourth line"
    assert 0 < again["first_image_s"] <= again["seconds"]
    assert again["slices_per_s"] == pytest.approx(9 / again["seconds"], rel=0.3)
    assert again["cpu_ms_per_slice"]["caller"] > 0
    assert again["memory_mib"]["caller"]["peak"] > 20
    assert table.scan_rows(again)[0][0] == "caller"


@pytest.mark.parametrize(("step_mib", "valid"), [(0.0, True), (40.0, False)])
def test_memory_that_grows_with_the_series_is_a_problem(
    step_mib: float, valid: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan, "_EVERY_S", 0.002)
    with Local() as local:
        found = scan.measure_scan(local, Growing(step_mib), "mr", 12, Extent(64, 2), "zero-filled")
    assert found["valid"] is valid
    assert bool(found["problems"]) is not valid
    if not valid:
        assert "gateway held" in found["problems"][0]
