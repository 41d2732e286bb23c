"""A real browser and the page as the command serves it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.doors.view.samples import HOSTILE, broken, checks_of, contrast_nifti, ct_dicom

PATIENCE_S = 30.0
_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--hide-scrollbars",
)


class Reader:
    """A person at a browser: looks, presses keys, waits."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def size(self, width: int, height: int) -> None:
        """Of what the page sees."""
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False},
        )

    def visit(self, address: str) -> None:
        self.driver.get(address)
        self.until(lambda: self.js("return document.documentElement.dataset.ready") == "true")

    def js(self, script: str, *given: object) -> Any:
        return self.driver.execute_script(script, *given)

    def text(self, selector: str) -> str:
        return str(self.js("return document.querySelector(arguments[0])?.textContent ?? ''", selector))

    def until(self, holds: Callable[[], Any], patience_s: float = PATIENCE_S) -> Any:
        """What ``holds`` returns once that is true."""
        end = time.monotonic() + patience_s
        while not (found := holds()):
            assert time.monotonic() < end, f"still not so after {patience_s} s; the page says: {self.text('#status')}"
            time.sleep(0.05)
        return found

    def press(self, *keys: str) -> None:
        for key in keys:  # to the page, whatever has the focus
            webdriver.ActionChains(self.driver).send_keys(key).perform()

    def drawn(self) -> None:
        """Until the browser has drawn what was changed last."""
        self.driver.execute_async_script("requestAnimationFrame(() => requestAnimationFrame(arguments[0]))")

    def click(self, selector: str) -> None:
        self.driver.find_element(By.CSS_SELECTOR, selector).click()

    def named(self, name: str) -> None:
        """Write the reader's name."""
        field = self.driver.find_element(By.ID, "reader")
        field.clear()
        field.send_keys(name, Keys.TAB)
        self.js("document.activeElement.blur()")

    def choose(self, name: str) -> None:
        """Open a case by the name in the worklist, and wait until its picture is there."""
        self.js(
            "[...document.querySelectorAll('button.case')].find((one) => one.querySelector('strong').textContent === "
            "arguments[0]).click(); document.activeElement.blur()",
            name,
        )
        self.until(lambda: name in self.text("#evidence"))

    def label(self, pane: str = "right") -> str:
        """What a picture says to those who can't see it."""
        return str(self.js("return document.querySelector(`[data-pane=${arguments[0]}] canvas`).ariaLabel", pane))

    def ready(self) -> None:
        """Until the whole map has been read, so that the places to jump to are known."""
        self.until(lambda: self.js("return document.querySelector('#profile').dataset.state") == "read")

    def shown(self) -> str:
        """The line under the pictures, once the values are there."""
        return str(self.until(lambda: "after" in self.text("#readout") and self.text("#readout")))

    def complaints(self) -> list[str]:
        """What the browser found wrong since the last time."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]


def _reader() -> Reader:
    options = webdriver.ChromeOptions()
    for flag in _FLAGS:
        options.add_argument(f"--{flag}")
    options.binary_location = str(shutil.which("chromium"))
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    found = Reader(
        webdriver.Chrome(options=options, service=webdriver.ChromeService(str(shutil.which("chromedriver"))))
    )
    found.size(1280, 720)
    return found


@pytest.fixture(scope="session")
def readers() -> Iterator[Callable[[int], Reader]]:
    """The first, second, … reader, each at a browser of their own; started when asked for."""
    if not shutil.which("chromium") or not shutil.which("chromedriver"):
        pytest.skip("needs Debian's chromium and chromium-driver (make peers)")
    made: list[Reader] = []

    def reader(place: int) -> Reader:
        while len(made) <= place:
            made.append(_reader())
        return made[place]

    yield reader
    for one in made:
        one.driver.quit()


@pytest.fixture
def reader(readers: Callable[[int], Reader]) -> Iterator[Reader]:
    """One reader; whatever the browser found wrong fails the test."""
    found = readers(0)
    found.size(1280, 720)
    found.driver.get("about:blank")
    found.complaints()
    yield found
    assert found.complaints() == []


@contextmanager
def served(*arguments: str | Path) -> Iterator[str]:
    """``recon view``, as a user runs it; gives the address that it prints."""
    command = [sys.executable, "-m", "recon.cli", "view", *map(str, arguments)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line.startswith("recon view is ready on http://127.0.0.1:"), line
        yield line.split(" on ")[1].strip()
    finally:
        process.terminate()
        assert process.wait(20) == 0


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    parent = tmp_path_factory.mktemp("view") / "results"
    ct_dicom(parent, "abdomen", checks=checks_of(25, 31), failing={"mean_uncertainty": [2, 4]})
    ct_dicom(parent, "chest", without=(1,), header={"patient": HOSTILE[:60]})
    contrast_nifti(parent, "glioma")
    broken(parent)
    return parent


@pytest.fixture(scope="session")
def address(folders: Path) -> Iterator[str]:
    with served(folders) as found:
        yield found


@pytest.fixture
def page(reader: Reader, address: str) -> Reader:
    """The worklist, as a browser shows it that has kept nothing of an earlier test."""
    kept = {"origin": address.partition("/?")[0], "storageTypes": "local_storage"}
    reader.driver.execute_cdp_cmd("Storage.clearDataForOrigin", kept)
    reader.visit(address.replace("/?", "/?x=1&"))
    return reader
