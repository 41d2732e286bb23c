"""The whole run on a made-up head, with a method whose answers are known: what is missing is left at zero."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from recon.preservation.page import card, page
from recon.preservation.subject import shown
from recon.preservation.undersampled import FULL, measure_all
from recon.training.mr.preserve import made_up


def _zero_filled(kspaces: Sequence[np.ndarray], masks: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    images = np.stack([shown(kspace) for kspace in kspaces])
    return images, np.full_like(images, 1.0)


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    return measure_all(
        [made_up(144)], {"zero-filled": _zero_filled}, accelerations=[1, 4], calibration=24, realisations=3, seed=0
    )


def test_what_theory_says_of_noise_comes_out(report: dict[str, Any]) -> None:
    assert report["valid"]
    assert report["control"]["value"] == pytest.approx(0.5, abs=0.15)


def test_a_mask_that_leaves_nothing_out_is_full_sampling(report: dict[str, Any]) -> None:
    whole = report["methods"]["zero-filled, R 1"]
    for name, entry in report["methods"][FULL].items():
        if entry["value"] is not None:
            assert whole[name]["value"] == pytest.approx(entry["value"], abs=1e-3), name
    assert whole["kept, 3 px plaque of 40 %"]["value"] == pytest.approx(1, abs=0.02)
    assert whole["false changes, same mask"]["outcome"] == "pass"


def test_what_is_missing_takes_plaques_with_it(report: dict[str, Any]) -> None:
    few = report["methods"]["zero-filled, R 4"]
    assert few["kept, 3 px plaque of 40 %"]["value"] < 0.8
    assert few["kept, 3 px plaque of 40 %"]["outcome"] != "pass"
    assert few["resolved, 2 px"]["value"] <= report["methods"][FULL]["resolved, 2 px"]["value"]
    assert few["false changes, other mask"]["value"] > 3


def test_the_same_seed_measures_the_same() -> None:
    one, other = (
        measure_all(
            [made_up(96)], {"zero-filled": _zero_filled}, accelerations=[2], calibration=16, realisations=2, seed=5
        )
        for _ in range(2)
    )
    assert json.dumps(one) == json.dumps(other)


def test_page_and_card_say_the_conditions_and_every_measure(report: dict[str, Any]) -> None:
    whole = {**report, "conditions": "made-up head, seed 0"}
    json.dumps(whole, allow_nan=False)
    shown_, table = page(whole, "What is kept"), card(whole)
    assert "made-up head, seed 0. Control" in table
    assert "1.00 pass, says nothing" in table  # an interval as wide as the image is bright
    for name in report["methods"][FULL]:
        assert name in table
        assert name in shown_


def test_a_method_that_has_no_interval_is_not_judged_by_one() -> None:
    def without(kspaces: Sequence[np.ndarray], masks: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        images, widths = _zero_filled(kspaces, masks)
        return images, np.full_like(widths, np.nan)

    found = measure_all([made_up(96)], {"no": without}, accelerations=[2], calibration=16, realisations=2, seed=5)
    json.dumps(found, allow_nan=False)
    assert not any(name.startswith("interval") for name in found["methods"]["no, R 2"])
