"""The whole run on a made-up head, with methods whose answers are known."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from recon.errors import InvalidRequest
from recon.preservation.page import card, page
from recon.preservation.reduced_agent import measure_all
from recon.preservation.uptake import AS_IT_CAME, FULL, Synthesis
from recon.training.contrast.preserve import lesions, made_up

LESIONS = lesions(quick=True)
NAMES = [str(lesion) for lesion in LESIONS]
Volumes = tuple[np.ndarray, np.ndarray]


def _tenfold(pre: np.ndarray, low: np.ndarray) -> Volumes:
    return pre + 10 * (low - pre), np.full_like(pre, 5.0)


def _half(pre: np.ndarray, low: np.ndarray) -> Volumes:
    return pre + 5 * (low - pre), np.full_like(pre, 1e-4)


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    methods = {"tenfold": _tenfold, "half": _half}
    return measure_all([made_up()], methods, lesions=LESIONS, realisations=2, noise=0.005, dose_fraction=0.1, seed=0)


def test_what_theory_says_of_dose_comes_out(report: dict[str, Any]) -> None:
    assert report["valid"]
    assert report["control"]["value"] == pytest.approx(0.1, abs=0.03)
    assert report["places"] >= 20


@pytest.mark.parametrize("name", NAMES)
def test_what_is_kept_is_what_the_method_keeps(report: dict[str, Any], name: str) -> None:
    kept = {method: measures[f"kept, {name}"] for method, measures in report["methods"].items()}
    assert kept["tenfold"]["value"] == pytest.approx(1, abs=0.02)
    assert kept[FULL]["value"] == pytest.approx(1, abs=0.02)
    assert kept["half"]["value"] == pytest.approx(0.5, abs=0.02)
    assert kept["half"]["outcome"] == "FAIL"


def test_an_interval_that_holds_all_says_nothing_and_one_of_no_width_misses(report: dict[str, Any]) -> None:
    wide, narrow = (report["methods"][method][f"interval, {NAMES[0]}"] for method in ("tenfold", "half"))
    assert wide["value"] == 1
    assert "says nothing" in wide["words"]
    assert narrow["value"] < 0.1
    assert narrow["outcome"] == "FAIL"
    assert "interval, " + NAMES[0] not in report["methods"][FULL]


def test_full_dose_finds_what_a_tenth_finds_less_often(report: dict[str, Any]) -> None:
    full, tenth = (report["methods"][method] for method in (FULL, AS_IT_CAME))
    for name in NAMES:
        assert full[f"found, {name}"]["value"] >= tenth[f"found, {name}"]["value"]
    large = next(name for name in NAMES if name.startswith("10"))
    assert full[f"volume, {large}"]["value"] == pytest.approx(1, abs=0.1)


def test_page_and_card_say_the_conditions_and_every_measure(report: dict[str, Any]) -> None:
    whole = {**report, "conditions": "made-up head, seed 0"}
    json.dumps(whole, allow_nan=False)
    shown, table = page(whole, "What is kept"), card(whole)
    assert table.startswith("made-up head, seed 0. Control")
    for name in report["methods"]["half"]:
        assert name in table
        assert name in shown
    assert "no limit" not in table


def _measured(deep_px: int, methods: dict[str, Synthesis]) -> dict[str, Any]:
    """Of a head of which only so many pixels are looked at: of 20, one is a place."""
    inside = np.zeros_like(made_up().inside)
    inside[8:20, 70 : 70 + deep_px, 24 : 24 + deep_px] = True
    few = replace(made_up(), inside=inside)
    return measure_all([few], methods, lesions=LESIONS, realisations=1, noise=0.005, dose_fraction=0.1, seed=0)


def test_what_has_no_place_is_not_measured_and_the_rest_is() -> None:
    few = _measured(20, {"tenfold": _tenfold})
    assert few["places"] == 1
    whole = {**few, "conditions": "made-up head, seed 0"}
    json.dumps(whole, allow_nan=False)
    outcomes = [few["methods"]["tenfold"][f"{what}, {NAMES[-1]}"]["outcome"] for what in ("kept", "found", "interval")]
    assert outcomes == ["not measured"] * 3
    assert few["methods"]["tenfold"][f"kept, {NAMES[0]}"]["value"] == pytest.approx(1, abs=0.1)
    assert f"| kept, {NAMES[-1]} (0.8, 0.6) | not measured |" in card(whole)
    assert "not measured</td>" in page(whole, "What is kept")


def test_a_method_that_knows_no_interval_has_none_measured() -> None:
    few = _measured(20, {"none": lambda pre, low: (_tenfold(pre, low)[0], np.full_like(pre, np.nan))})
    json.dumps(few, allow_nan=False)
    assert few["methods"]["none"][f"interval, {NAMES[0]}"]["outcome"] == "not measured"


def test_a_head_without_a_place_is_named() -> None:
    with pytest.raises(InvalidRequest, match="no place for a ball in made-up head"):
        _measured(4, {"tenfold": _tenfold})
