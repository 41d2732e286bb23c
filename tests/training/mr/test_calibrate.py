"""Factors by condition cover anatomies that they were not made from; groups that do not are left out."""

from __future__ import annotations

import numpy as np
import pytest

from recon.quality.conformal import TooFewSamples
from recon.quality.conformal_table import ScanCondition
from recon.tasks.mr.interval import condition_of
from recon.training.mr.calibrate import Scored, calibration_masks, groups, summary, table_of
from recon.training.mr.recipe import MeasuredScan, MrRecipe

#: Of its anatomies, "real" was measured.
RECIPE = MrRecipe(steps=1, sources=[], least_scans=2, measured=[MeasuredScan(name="real", path="real.h5")])


def scored(anatomy: str, coils: int, scale: float, seed: int) -> Scored:
    """Errors that are Gaussian with the predicted width times ``scale``."""
    rng = np.random.default_rng(seed)
    error = np.abs(rng.normal(size=4000)) * scale
    return Scored(anatomy, "some", ScanCondition("regular lines", 2.0, coils), error, np.full(4000, 1.0))


def test_each_group_has_the_factor_that_its_scans_need() -> None:
    scans = [scored(name, coils, 2.0 if coils == 1 else 1.0, i) for i, name in enumerate("abc") for coils in (1, 8)]
    found = summary(scans, RECIPE)
    table = table_of(found)
    assert table.find(ScanCondition("regular lines", 2.0, 1)).factor == pytest.approx(2 * 1.645, rel=0.05)
    assert table.find(ScanCondition("regular lines", 2.0, 16)).factor == pytest.approx(1.645, rel=0.05)
    assert table.find(ScanCondition("plane", 2.0, 16)) is None
    for covered in (*found["by_anatomy"].values(), *found["by_mask"].values()):
        assert 0.87 < covered < 0.93


def test_a_group_whose_anatomies_disagree_has_no_interval() -> None:
    scans = [
        scored("a", 1, 1.0, 0),
        scored("b", 1, 1.1, 1),
        scored("c", 1, 8.0, 2),
        *(scored(n, 8, 1.0, 3) for n in "ab"),
    ]
    found = summary(scans, RECIPE)
    assert [(cell["coils"], cell["calibrated"]) for cell in found["cells"]] == [([1, 2], False), ([2, 65], True)]
    assert found["cells"][0]["coverage_by_others"]["c"] < 0.5
    assert set(found["by_anatomy"]) == {"a", "b"}  # of calibrated groups alone


def test_a_measured_anatomy_asks_for_more_than_a_simulated_one() -> None:
    for name, kept in (("d", True), ("real", False)):  # at 1.3 times the width of the others 0.8 are covered
        scans = [*(scored(n, 8, 1.0, i) for i, n in enumerate("abc")), scored(name, 8, 1.3, 9)]
        assert summary(scans, RECIPE)["cells"][0]["calibrated"] is kept


def test_every_mask_of_the_calibration_has_a_group() -> None:
    found = set()
    for shape in ((128, 120), (104, 146), (146, 104)):
        for name, mask in calibration_masks(shape, np.random.default_rng(0)).items():
            scan = condition_of(mask, 4)
            assert sum(cell.holds(scan) for cell in groups()) == 1, name
            assert ("short" in name) == (scan.pattern == "short lines"), name
            assert ("grid" in name) == (scan.pattern == "grid"), name
            assert ("Poisson" in name) == (scan.pattern == "plane"), name
            found |= {cell for cell in groups() if cell.holds(scan)}
    assert found == {cell for cell in groups() if cell.coils[1] > 4}


def test_measured_scans_widen_and_never_narrow() -> None:
    """The noise of their truth is that of their input, so their errors look small."""
    simulated = [scored(name, 8, 1.0, index) for index, name in enumerate("abc")]
    alone = summary(simulated, RECIPE)
    found = summary([*simulated, scored("real", 8, 0.5, 9)], RECIPE)
    assert found["cells"][0]["factor"] == alone["cells"][0]["factor"]
    assert found["conformal_factor"] == alone["conformal_factor"]
    assert found["cells"][0]["coverage_by_others"]["real"] > 0.99
    wider = summary([*simulated, scored("real", 8, 1.3, 9)], RECIPE)
    assert wider["cells"][0]["factor"] == pytest.approx(1.3 * alone["cells"][0]["factor"], rel=0.05)
    assert wider["cells"][0]["coverage_by_others"]["real"] < 0.85  # of factors that it had no part in


def test_measured_scans_alone_make_no_interval() -> None:
    with pytest.raises(TooFewSamples, match="no volume is held out"):
        summary([scored("real", 8, 1.0, 0)], RECIPE)
