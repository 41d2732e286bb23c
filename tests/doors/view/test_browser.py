"""A case in a real browser: looks, keys, planes, damage."""

from __future__ import annotations

from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.common.keys import Keys

from tests.doors.view.conftest import Reader

pytestmark = [pytest.mark.service, pytest.mark.flaky(reruns=3)]


def pixels(reader: Reader, pane: str, row: int, column: int, size: int = 96) -> list[int]:
    """Colour in the middle of a pixel of the image, as it is on the screen."""
    return list(
        reader.js(
            "const canvas = document.querySelector(`[data-pane=${arguments[0]}] canvas`);"
            "const fit = Math.min(canvas.width, canvas.height) / arguments[3];"
            "const x = canvas.width / 2 + (arguments[2] + 0.5 - arguments[3] / 2) * fit;"
            "const y = canvas.height / 2 + (arguments[1] + 0.5 - arguments[3] / 2) * fit;"
            "return [...canvas.getContext('2d').getImageData(x, y, 1, 1).data].slice(0, 3)",
            pane,
            row,
            column,
            size,
        )
    )


def test_worst_first_filter_and_search(page: Reader) -> None:
    tags = page.js("return [...document.querySelectorAll('#cases .tag')].map((one) => one.textContent.slice(2))")
    assert tags == sorted(tags, key=["REJECT", "UNREADABLE", "REVIEW", "UNJUDGED", "PASS"].index)
    page.press("/", "motion 12")
    names = "return [...document.querySelectorAll('#cases strong')].map((one) => one.textContent)"
    assert page.js(names) == ["cut volume", "glioma"]
    page.press(Keys.ESCAPE)


def test_every_place_worth_a_look_is_one_key_away(page: Reader) -> None:
    page.choose("abdomen")
    assert "slice 4 of 6" in page.shown()
    page.ready()
    page.press("u")
    page.until(lambda: "slice 3 of 6 · row 40, column 30".replace(" · ", "  ·  ") in page.text("#readout"))
    page.until(lambda: "(± 70)" in page.text("#readout"))
    assert "90 % interval" in page.text("#readout")
    page.press("f")
    page.until(lambda: "slice 5 of 6" in page.text("#readout"))
    assert page.text("#status") == "failed in slice 5: mean uncertainty"
    page.press("x")
    page.until(lambda: "slice 3 of 6" in page.text("#readout"))
    page.press(Keys.END, Keys.ARROW_UP)
    page.until(lambda: "slice 5 of 6" in page.text("#readout"))


def test_the_map_lies_over_the_image_where_the_interval_is_wider(page: Reader) -> None:
    page.choose("abdomen")
    page.ready()
    page.press("x")
    page.until(lambda: "slice 3 of 6" in page.text("#readout") and "±" in page.text("#readout"))
    before = page.until(lambda: pixels(page, "right", 40, 30))
    page.press("o")
    page.until(lambda: pixels(page, "right", 40, 30) != before)
    red, green, blue = pixels(page, "right", 40, 30)
    assert min(red, green) > blue + 60  # the yellow end: 70 HU
    red, green, blue = pixels(page, "right", 60, 60)
    assert red == green == blue  # 10 HU is below the threshold of 20
    assert "25 pixels from 20 HU on" in page.label()


def test_fade_goes_from_before_to_after(page: Reader) -> None:
    page.choose("abdomen")
    page.shown()
    page.press("2")
    seen = {}
    for share, keys in ((0, [Keys.ARROW_LEFT] * 6), (100, [Keys.ARROW_RIGHT] * 10), (50, [Keys.ARROW_LEFT] * 5)):
        page.press(*keys)
        title = f"before {100 - share} %, after {share} %"
        page.until(lambda title=title: page.text("[data-pane=left] figcaption") == title)
        page.drawn()
        seen[share] = pixels(page, "left", 60, 47)[0]
    assert abs(seen[0] - seen[100]) > 8  # noise that is gone
    assert seen[50] == pytest.approx((seen[0] + seen[100]) / 2, abs=3)
    page.press("3")
    page.until(lambda: page.text("[data-pane=left] figcaption") == "after less before")
    page.press("w")
    page.until(lambda: page.js("return document.querySelector('#window').value") == "liver")


def test_three_planes_are_drawn(page: Reader, tmp_path: Path) -> None:
    page.choose("abdomen")
    page.press("4")
    page.until(lambda: page.js("return document.querySelector('#planes').dataset.state") == "ready")
    shot = tmp_path / "planes.png"
    element = page.driver.find_element("css selector", "#planes")
    element.screenshot(str(shot))
    from PIL import Image

    with Image.open(shot) as picture:
        colours = picture.convert("L").getcolors(256) or []
    assert len(colours) > 60  # greys of two bodies, not a plain sheet
    page.press("1")


def test_the_crosshair_of_three_planes_is_that_of_the_slices(page: Reader) -> None:
    """Both ways: a jump moves the planes, a click in a plane moves slice and place."""
    page.choose("abdomen")
    page.shown()
    page.ready()
    page.press("4")
    page.until(lambda: page.js("return document.querySelector('#planes').dataset.state") == "ready")
    page.press("u")
    at = "return document.querySelector('#planes').dataset.at"
    page.until(lambda: page.js(at) == "29 39 2")
    page.press(Keys.ARROW_DOWN)
    page.until(lambda: page.js(at) == "29 39 3")
    canvas = page.driver.find_element("css selector", "#planes canvas")
    size = canvas.size
    webdriver.ActionChains(page.driver).move_to_element_with_offset(
        canvas, -size["width"] // 5, -size["height"] // 5
    ).click().perform()
    page.until(lambda: page.js(at) != "29 39 3")
    column, row, index = (int(one) + 1 for one in page.js(at).split())
    page.until(lambda: f"slice {index} of 6  ·  row {row}, column {column}  ·" in page.text("#readout"))
    page.press("1")
    page.until(lambda: f"row {row}, column {column}  ·" in page.shown())


def test_what_is_wrong_is_said_and_the_rest_goes_on(page: Reader) -> None:
    page.choose("cut report")
    assert "damaged" in page.text("#evidence")
    page.choose("cut volume")
    page.press(Keys.END)
    page.until(lambda: "damaged" in page.label())
    page.choose("no image")
    page.until(lambda: "can't be shown" in page.text("#no-case"))
    page.choose("chest")
    page.press(Keys.HOME, Keys.ARROW_DOWN)
    page.until(lambda: "has no result" in page.label())
    assert "No result for 1 of 6 slices: 2" in page.text("#evidence")
    # the browser counts our refusals, and nothing else
    assert all("422" in line for line in page.until(page.complaints))


def test_what_a_task_says_of_probes_and_intervals_is_shown(page: Reader) -> None:
    page.choose("glioma")
    said = page.text("#probes")
    assert "Here a 5 mm lesion of 50 % would show 81 % of its contrast, 70 to 90." in said
    assert "Worst: here a 3 mm lesion of 20 % would show 48 % of its contrast, 35 to 68." in said
    rows = "[...document.querySelectorAll('#probes tbody tr')]"
    cells = page.js(f"return {rows}.map((row) => [...row.children].map((one) => one.textContent))")
    assert cells[1] == ["3 mm, 20 %", "48 %", "35 to 68", "12"]
    assert "scannernot known" in page.text("#evidence")
    assert "propagated noise, no coverage claimed" in page.shown()
    assert "dose fraction" in page.text("#evidence")
    maps = page.js("return [...document.querySelectorAll('#map option')].map((one) => one.textContent)")
    assert maps[1:] == [
        "half-width of the interval",
        "smallest enhancement to be seen",
        "contrast that a known lesion keeps",
    ]


def test_the_map_of_what_is_kept_lies_where_it_was_measured(page: Reader) -> None:
    page.choose("glioma")
    page.shown()
    change = (
        "const map = document.querySelector('#map'); map.value = 'survival'; map.dispatchEvent(new Event('change'))"
    )
    page.js(change)
    page.until(lambda: "1200 pixels where up to 1 is kept" in page.label())
    said = page.until(lambda: "of its contrast" in page.text("#readout") and page.text("#readout"))
    assert "a 5 mm lesion of 50 % would show" in said
    page.press("[", "[", "[", "[", "[", "[", "[", "[")
    page.until(lambda: "where up to 0.6 is kept" in page.label())
    page.press(Keys.HOME)
    page.until(lambda: "not measured: contrast that a known lesion keeps" in page.label())
    page.until(lambda: "not measured here" in page.text("#readout"))
