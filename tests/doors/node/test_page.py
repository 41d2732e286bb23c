"""The page is a picture of the verdict."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from recon.doors.node.page import verdict_page
from tests.doors.node.nodes import Receiving
from tests.doors.node.working import made

Start = Callable[..., Receiving]


@pytest.mark.service
def test_the_page_is_a_picture_of_the_verdict(worked: Receiving) -> None:
    page = made(worked)["page"][0]
    pixels = page.pixel_array
    assert pixels.shape[1] == 1280
    assert page.PhotometricInterpretation == "RGB"
    assert page.BurnedInAnnotation == "NO"
    (job,) = worked.rows("SELECT * FROM jobs")
    colour = {"PASS": (60, 170, 90), "REVIEW": (235, 165, 30)}[job["verdict"]]
    assert tuple(pixels[5, 5]) == colour


def test_the_page_shows_what_fails_first() -> None:
    check = {"unit": "HU", "lower_limit": None, "upper_limit": 2.0, "message": "m"}
    report = {
        "verdict": "REJECT",
        "task": "ct",
        "model": {"name": "n", "version": "1"},
        "disclaimer": "d",
        "checks": [
            {**check, "name": "good", "value": 1.0, "outcome": "PASS"},
            {**check, "name": "bad", "value": None, "outcome": "REJECT"},
        ],
    }
    page = np.asarray(verdict_page(report, Image.new("RGB", (400, 100)), 3))
    assert tuple(page[3, 3]) == (215, 60, 50)
    reds = np.flatnonzero((page[200:] == (215, 60, 50)).all(axis=2).any(axis=1))
    greens = np.flatnonzero((page[200:] == (60, 170, 90)).all(axis=2).any(axis=1))
    assert reds.max() < greens.min()
