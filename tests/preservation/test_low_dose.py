"""The whole run on a made-up body, with methods whose answers are known."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from recon.preservation.low_dose import LESIONS, measure_all
from recon.preservation.page import card, page
from recon.preservation.trial import Denoiser, anatomy, lesion_trial
from recon.training.ct.preserve import BLUR_MM, made_up


def _nothing(stack: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return stack, np.full_like(stack, 500.0)


def _blur(stack: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.stack([gaussian_filter(plane, 2.0) for plane in stack]), np.full_like(stack, 0.01)


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    return measure_all(made_up(), {"nothing": _nothing, "blur": _blur}, realisations=8, blur_mm=BLUR_MM, seed=0)


def test_what_theory_says_of_dose_comes_out(report: dict[str, Any]) -> None:
    assert report["valid"]
    assert report["control"]["value"] == pytest.approx(0.5, abs=0.2)


def test_a_method_that_does_nothing_keeps_all(report: dict[str, Any]) -> None:
    found = report["methods"]["nothing"]
    for name in ("sharpness at 20 HU", f"kept, {LESIONS[0]}"):
        assert found[name]["value"] == pytest.approx(1, abs=0.03)
    assert found["detected, phantom"]["ratio"] == pytest.approx(1)
    assert found[f"interval, {LESIONS[0]}"]["value"] == 1
    assert "says nothing" in found[f"interval, {LESIONS[0]}"]["words"]


def test_a_blur_fails_by_what_it_takes_away(report: dict[str, Any]) -> None:
    found = report["methods"]["blur"]
    failed = {name for name, entry in found.items() if entry["outcome"] == "FAIL"}
    assert {"sharpness at 50 HU", f"kept, {LESIONS[3]}", "noise frequency", "texture"} <= failed
    assert found[f"kept, {LESIONS[0]}"]["outcome"] != "pass"
    # linear: as unsharp at any contrast
    values = [found[f"sharpness at {contrast} HU"]["value"] for contrast in (20, 50, 100, 300)]
    assert max(values) - min(values) < 0.02
    assert found["noise frequency"]["signed"] < 0
    assert found[f"interval, {LESIONS[0]}"]["outcome"] == "FAIL"


def test_with_few_places_detectability_is_not_measured() -> None:
    few = measure_all(made_up(), {"nothing": _nothing}, realisations=2, blur_mm=BLUR_MM, seed=0)
    assert few["methods"]["nothing"]["detected, anatomy"]["outcome"] == "not measured"
    assert not few["valid"]


def test_what_has_no_place_or_no_interval_is_not_measured_and_the_rest_is() -> None:
    """A single patch of soft tissue among bone."""
    (body,) = made_up()
    bone = np.full(body.full.shape, 400, np.float32)
    bone[96:160, 96:160] = 0
    pair = replace(body, low=body.low + bone, full=body.full + bone)
    methods: dict[str, Denoiser] = {"nothing": _nothing, "none": lambda stack: (stack, np.full_like(stack, np.nan))}
    few = measure_all([pair], methods, realisations=2, blur_mm=BLUR_MM, seed=0)
    assert 0 < few["places"]["anatomy"] < len(LESIONS)
    whole = {**few, "conditions": "made-up body, seed 0"}
    json.dumps(whole, allow_nan=False)
    found = few["methods"]["nothing"]
    for what in ("kept, ", "interval, "):
        assert found[f"{what}{LESIONS[0]}"]["value"] == pytest.approx(1, abs=0.03)
        assert found[f"{what}{LESIONS[-1]}"]["outcome"] == "not measured"
    assert found["bias, vessel of 3 mm"]["outcome"] == "not measured"
    assert few["methods"]["none"][f"interval, {LESIONS[0]}"]["outcome"] == "not measured"
    assert f"| kept, {LESIONS[-1]} (0.8, 0.6) | not measured |" in card(whole)
    assert "not measured</td>" in page(whole, "What is kept")


def test_lesions_differ_and_noise_is_the_same_with_and_without() -> None:
    (pair,) = made_up()
    trial = lesion_trial(pair, anatomy(pair), {"nothing": _nothing}, LESIONS, realisations=2, blur_mm=BLUR_MM, seed=1)
    np.testing.assert_allclose(trial.present["low dose"] - trial.absent["low dose"], trial.signal, atol=0.51)
    assert set(trial.lesion) == set(range(len(LESIONS)))


def test_page_and_card_show_every_measure(report: dict[str, Any]) -> None:
    whole = {**report, "conditions": "made-up body, seed 0"}
    json.dumps(whole, allow_nan=False)
    shown, table = page(whole, "What is kept"), card(whole)
    for name in report["methods"]["blur"]:
        assert name in table
        assert name in shown
    assert 'src="data:image/png' in shown
    assert "http" not in shown
    assert "INVALID" in page({**whole, "valid": False}, "What is kept")
