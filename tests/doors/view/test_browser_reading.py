"""Readers at a real browser: decisions, each other, blind reading, drift."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from selenium.webdriver.common.keys import Keys

from tests.doors.view.conftest import Reader, served
from tests.doors.view.samples import ct_dicom

pytestmark = [pytest.mark.service, pytest.mark.flaky(reruns=3)]


def test_a_decision_needs_a_name_lasts_and_is_taken_back(page: Reader) -> None:
    page.js("localStorage.clear(); document.querySelector('#reader').value = ''")
    page.choose("chest")
    page.press("a")
    page.until(lambda: "your name" in page.text("#status"))
    page.named("Ada")
    page.press("n", "looks fine", Keys.ESCAPE)
    page.press("a")
    page.until(lambda: "Ada: accept – looks fine" in page.text("#decisions"))
    page.press(Keys.HOME)
    page.until(lambda: "slice 1 of 6" in page.text("#readout"))
    page.driver.refresh()
    page.until(lambda: "Ada: accept – looks fine" in page.text("#decisions"))
    page.until(lambda: "slice 1 of 6" in page.text("#readout"))
    assert page.js("return document.querySelector('#reader').value") == "Ada"
    page.press("r")
    page.until(lambda: "Ada: reject" in page.text("#decisions"))
    page.press("z")
    page.until(lambda: "Ada: accept" in page.text("#decisions"))
    assert page.text("#status") == "taken back: reject"


def test_two_readers_see_each_other(readers: Callable[[int], Reader], address: str, page: Reader) -> None:
    other = readers(1)
    other.visit(address)
    other.named("Bob")
    page.named("Ada")
    for one in (page, other):
        one.choose("glioma")
    page.press("r")
    page.until(lambda: "Ada: reject" in page.text("#decisions"))
    other.press("l")
    other.until(lambda: "Bob: needs a look" in other.text("#decisions"))
    for one in (page, other):
        one.until(
            lambda one=one: {"Ada: reject", "Bob: needs a look"}
            <= {
                line.split(" 20")[0]
                for line in one.js(
                    "return [...document.querySelectorAll('#decisions li')].map((one) => one.textContent)"
                )
            }
        )
    page.press("T")
    page.until(lambda: "Ada and Bob" in page.text("#room-agreement"))
    other.driver.get("about:blank")
    page.press("C")


def test_a_blind_reading_by_keyboard(reader: Reader, tmp_path: Path) -> None:
    for number in range(5):
        ct_dicom(tmp_path / "results", f"scan {number}", slices=2, size=48)
    with served(tmp_path / "results") as address:
        reader.visit(address)
        reader.named("Ada")
        reader.press("B")
        reader.until(lambda: reader.text("#study-begin") == "Begin")
        reader.js("document.querySelector('#study-name').value = 'pilot'")
        reader.click("#study-begin")
        reader.until(lambda: "Nobody has answered yet" in reader.text("#room-blind"))
        reader.click("[data-study]")
        for trial in range(5):
            reader.until(
                lambda trial=trial: reader.js("return document.querySelector('#room-blind').dataset.trial")
                == str(trial)
            )
            shown = reader.text("#room-blind")
            assert not {"scan", "before", "after", "PASS"} & set(shown.split())
            if trial == 2:  # a reload goes on with the same question
                reader.driver.refresh()
                reader.until(lambda: reader.js("return document.documentElement.dataset.ready") == "true")
                reader.press("B")
                reader.until(lambda: "[object" not in reader.text("#room-blind") and reader.text("[data-study]"))
                reader.click("[data-study]")
                reader.until(lambda: reader.js("return document.querySelector('#room-blind').dataset.trial") == "2")
                assert "question 3 of 5" in reader.text("#blind-progress")
            reader.drawn()
            reader.press(Keys.ARROW_LEFT)
        reader.until(lambda: "all questions are answered" in reader.text("#status"))
        reader.until(lambda: reader.js("return document.querySelector('#room-blind td')?.textContent") == "5")
        reader.driver.get("about:blank")


def test_drift_is_drawn_and_named(reader: Reader, tmp_path: Path) -> None:
    shared = ct_dicom(tmp_path / "results", "scan 00", slices=1, size=32)
    for number in range(1, 30):
        folder = tmp_path / "results" / f"scan {number:02d}"
        shutil.copytree(shared, folder)
        report = folder / "report.json"
        noise = 25 + number % 3 + (20 if number == 27 else 0)
        report.write_text(report.read_text().replace('"value": 25', f'"value": {noise}'))
        os.utime(report, (0, (date(2026, 1, 1) + timedelta(number) - date(1970, 1, 1)).total_seconds()))
    with served(tmp_path / "results") as address:
        reader.visit(address)
        reader.press("D")
        reader.until(lambda: "noise level, HU: 30 results, 1 out of control" in reader.text("#room-drift"))
        assert "scan 27: above the upper limit" in reader.text("#room-drift")
        assert "Acme One · Abdomen low dose" in reader.text("#room-drift")
        reader.driver.get("about:blank")
