"""For which scans a model is, as its configuration says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from recon.tasks.base import ModelFacts
from recon.tasks.mr.domain import Domain, chosen_for, preference
from recon.tasks.mr.sampling import Sampling

SAID = {
    "domain_trajectories": "cartesian",
    "domain_coils": "2,16",
    "domain_coils:sense": "4,64",
    "domain_matrix": "96,400",
    "domain_acceleration": "1,8.8",
    "domain_calibration": "16",
    "preference": "1",
    "preference:sense": "2",
    "chosen_for": "brains",
}
SCAN = Sampling("cartesian", 8, 256, 320, 4.0, 24, 24, 4.0)


def domain(name: str = "unrolled", **more: str) -> Domain:
    return Domain.of(ModelFacts(name, "1", "", 1.0, {**SAID, **more}))


def test_a_scan_inside_is_for_the_model() -> None:
    assert domain().outside(SCAN) == ""
    assert not domain().impossible(SCAN)


@pytest.mark.parametrize(
    ("scan", "words", "impossible"),
    [
        (replace(SCAN, coils=32), "coils 2 to 16", False),
        (replace(SCAN, coils=1), "coils 2 to 16", True),
        (replace(SCAN, rows=64), "a matrix of 96 to 400", False),
        (replace(SCAN, columns=512), "a matrix of 96 to 400", False),
        (replace(SCAN, acceleration=9.0), "acceleration 1 to 8.8", False),
        (replace(SCAN, calibration=8), "a fully sampled centre of 16 samples", True),
        (replace(SCAN, kind="radial"), "cartesian sampling", True),
    ],
)
def test_what_lies_outside_is_named(scan: Sampling, words: str, impossible: bool) -> None:
    assert domain().outside(scan) == words
    assert domain().impossible(scan) is impossible


def test_what_is_said_of_one_method_is_of_it_alone() -> None:
    assert domain("sense").coils == (4, 64)
    assert domain("zero-filled").coils == (2, 16)
    facts = ModelFacts("sense", "1", "", 1.0, SAID)
    assert (preference(facts), chosen_for(facts)) == (2, "brains")


def test_what_is_not_said_is_open() -> None:
    silent = ModelFacts("site", "1", "", 1.0, {})
    assert Domain.of(silent).outside(replace(SCAN, coils=999, kind="spiral", calibration=0)) == ""
    assert preference(silent) is None
    assert domain(domain_acceleration="2").acceleration == (2, float("inf"))
