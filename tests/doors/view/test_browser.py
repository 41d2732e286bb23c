"""The page in a real browser: looks, keys, decisions, reload, two readers, damage, scripts in names."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.common.keys import Keys

from tests.doors.view.conftest import Reader, served
from tests.doors.view.samples import HOSTILE, broken, checks_of, contrast_nifti, ct_dicom

pytestmark = [pytest.mark.service, pytest.mark.flaky(reruns=3)]
AXE = Path(__file__).with_name("axe-core-4.14.1.min.js")


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    parent = tmp_path_factory.mktemp("view") / "results"
    ct_dicom(parent, "abdomen", checks=checks_of(25, 31), failing={"mean_uncertainty": [2, 4]})
    ct_dicom(parent, "chest", without=(1,), header={"patient": HOSTILE[:60]})
    contrast_nifti(parent, "glioma")
    broken(parent)
    return parent


@pytest.fixture(scope="module")
def address(results: Path) -> Iterator[str]:
    with served(results) as found:
        yield found


@pytest.fixture
def page(reader: Reader, address: str) -> Reader:
    reader.visit(address.replace("/?", "/?x=1&"))
    return reader


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


def test_the_token_leaves_the_address_and_a_name_runs_nothing(page: Reader) -> None:
    assert "token" not in page.driver.current_url
    page.choose("chest")
    assert HOSTILE[:60] in page.text("#evidence")
    assert page.driver.title == "recon view"
    assert page.js("return document.querySelectorAll('#worklist img, #evidence img, main script').length") == 0


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
    assert maps == ["no map", "half-width of the interval", "smallest enhancement to be seen"]


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


@pytest.mark.parametrize("size", [(1280, 720), (3840, 2160)])
def test_everything_fits_and_can_be_read(page: Reader, size: tuple[int, int], tmp_path: Path) -> None:
    page.size(*size)
    page.choose("abdomen")
    page.shown()
    script = (
        "const inside = (one) => { const box = one.getBoundingClientRect(); return box.width > 0 && box.left >= 0 && "
        "box.right <= innerWidth && box.top >= 0 && box.bottom <= innerHeight; };"
        "return { wide: document.documentElement.scrollWidth <= innerWidth,"
        " parts: [...document.querySelectorAll('#decide button, #pictures canvas, #slice, #jump-worst, #reader, "
        "#help-button')].map(inside), picture: document.querySelector('[data-pane=right] canvas').clientHeight,"
        " letters: parseFloat(getComputedStyle(document.body).fontSize) }"
    )

    def fits() -> bool:
        seen = page.js(script)
        return seen["wide"] and all(seen["parts"]) and seen["picture"] > 0.45 * size[1]

    page.until(fits)  # the page is laid out anew when the window has its size
    seen = page.js(script)
    page.driver.save_screenshot(str(tmp_path / f"{size[0]}.png"))
    assert seen["letters"] >= (13 if size[0] == 1280 else 22)


def test_wcag_aa_in_every_room(page: Reader) -> None:
    page.named("Ada")
    page.choose("abdomen")
    page.press("o")
    script = AXE.read_text()
    there = {
        "cases": "#pictures canvas",
        "help": "#help[open]",
        "agreement": "#room-agreement h2",
        "blind": "#study-begin",
        "drift": "#room-drift h2",
    }
    for room, key in (("cases", "1"), ("help", "?"), ("agreement", "T"), ("blind", "B"), ("drift", "D")):
        page.press(key)
        page.until(
            lambda room=room: page.js("return document.querySelector(arguments[0])?.checkVisibility()", there[room])
        )
        page.drawn()
        page.js(script)
        found = page.driver.execute_async_script(
            "const done = arguments[0]; axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] })"
            ".then((result) => done(result.violations.map((one) => [one.id, one.nodes.map((node) => node.html)])))"
        )
        assert found == [], room
        if room == "help":
            assert page.js("return document.querySelector('#help').open")
            page.press(Keys.ESCAPE)
    page.press("C")


def test_keys_can_be_switched_off(page: Reader) -> None:
    page.choose("abdomen")
    page.shown()
    page.press("?")
    page.click("#single-keys")
    page.press(Keys.ESCAPE)
    page.until(lambda: not page.js("return document.querySelector('#help').open"))
    page.press("3", Keys.END)
    page.until(lambda: "slice 6 of 6" in page.text("#readout"))
    assert page.text("[data-pane=left] figcaption") == "before"
    page.js("localStorage.removeItem('recon.keys')")


def test_five_hundred_slices_are_scrolled_within_two_seconds(reader: Reader, tmp_path: Path) -> None:
    folder = ct_dicom(tmp_path / "results", "long", slices=4, size=512)
    for part in ("image", "uncertainty"):
        for number in range(5, 501):
            os.link(folder / part / f"{(number - 1) % 4 + 1:04d}.dcm", folder / part / f"{number:04d}.dcm")
    report = folder / "report.json"
    report.write_text(report.read_text().replace('"total": 4', '"total": 500'))
    tries = []
    with served(folder) as address:
        for _ in range(3):  # the best of three: other programs work on this machine too
            reader.driver.get(address.split("?")[0] if tries else address)
            began = time.monotonic()
            reader.driver.refresh()
            reader.until(lambda: "slice 251 of 500" in reader.text("#readout") and "after" in reader.text("#readout"))
            opened = time.monotonic() - began
            began = time.monotonic()
            reader.press(Keys.PAGE_DOWN, Keys.END)
            reader.until(lambda: "slice 500 of 500" in reader.text("#readout") and "after" in reader.text("#readout"))
            tries.append((opened, time.monotonic() - began))
            reader.press(Keys.HOME)
            reader.js("history.replaceState(null, '', '#')")
        print("opened, then at the end, s:", tries)
        assert min(opened for opened, _ in tries) < 2
        assert min(scrolled for _, scrolled in tries) < 2
        reader.driver.get("about:blank")


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
                reader.until(lambda: "question 3 of 5" in reader.text("#blind-progress"))
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


def test_one_file_shows_slices_without_a_server_and_without_a_name(
    reader: Reader, results: Path, tmp_path: Path
) -> None:
    from recon.doors.view.offline import write_page
    from recon.doors.view.sources import FolderSource

    page = tmp_path / "page.html"
    write_page(FolderSource([results / "abdomen", results / "chest"]).cases(), page, slices=3)
    content = page.read_text()
    for secret in ("Test^Patient", HOSTILE[:60], "abdomen", str(results), "decisions.sqlite"):
        assert secret not in content
    reader.visit(f"file://{page}")
    assert "of 6" in reader.shown()
    reader.press(Keys.HOME, "x", "o")
    reader.until(lambda: "25 pixels from 20 HU on" in reader.label())
    reader.press(Keys.ARROW_DOWN)
    reader.until(lambda: "slice 4 of 6" in reader.text("#readout"))
    reader.press("j")
    reader.until(lambda: "case 2" in reader.text("#evidence"))
    assert reader.js("return document.querySelector('#decide')") is None
