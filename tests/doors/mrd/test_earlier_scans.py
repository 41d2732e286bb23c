"""The scan before contrast of an earlier session: which scans find it, also when the first of them failed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import ismrmrd
import numpy as np
import pytest

from recon.doors.mrd.server import ScannerServer
from recon.doors.mrd.wire import ConfigFile, Image, Message, layout
from recon.errors import ServiceUnavailable
from recon.quality.interval import calibrated
from recon.quality.verdict import Verdict
from recon.values.result import ImageSlice, ModelIdentity
from recon.volumes import Volume
from tests.doors.mrd.scans import header, images, opened, report_of, scan, texts

WHO = header(
    before=(
        "<subjectInformation><patientID>P1</patientID></subjectInformation><measurementInformation>"
        "<patientPosition>HFS</patientPosition><frameOfReferenceUID>1.2.3</frameOfReferenceUID></measurementInformation>"
    )
)
PRE, LOW, AGAIN = 10, 20, 30


class Synthesis:
    """In the place of the service; says which scans it was given."""

    def __init__(self) -> None:
        self.pairs: list[tuple[int, int]] = []
        self.failure: Exception | None = None

    def models(self) -> list[Any]:
        return []

    def synthesize_contrast(self, pre: Volume, low: Volume, **options: Any) -> Any:
        self.pairs.append((int(pre.values.max()), int(low.values.max())))
        if self.failure is not None:
            raise self.failure
        return _Run(pre)


class _Run:
    model = ModelIdentity("contrast_enhance", "1", "ab" * 32, "0", calibrated(1.0))

    def __init__(self, pre: Volume) -> None:
        self._pre, self.report = pre, report_of([Verdict.PASS], [])

    def __iter__(self) -> Iterator[ImageSlice]:
        for index, plane in enumerate(self._pre.values):
            yield ImageSlice(index, plane, np.full_like(plane, 0.25), Verdict.PASS, [], {})


@pytest.fixture
def client() -> Synthesis:
    return Synthesis()


@pytest.fixture
def door(client: Synthesis) -> Iterator[ScannerServer]:
    with opened(client) as server:
        yield server


def series(value: int, number: int = 1, time: int = 0) -> list[Image]:
    made = []
    for z in range(2):
        head = np.zeros((), layout.IMAGE_HEAD)
        head["field_of_view"] = 4, 4, 1
        head["read_dir"], head["phase_dir"], head["slice_dir"] = np.eye(3)
        head["position"] = 0, 0, z
        head["slice"], head["image_series_index"], head["acquisition_time_stamp"] = z, number, time and time + z
        made.append(Image.of(head, ismrmrd.Meta().serialize(), np.full((1, 1, 4, 4), value, "<i2")))
    return made


def session(door: ScannerServer, *of: list[Image]) -> list[Message]:
    return scan(door, [ConfigFile("contrast"), WHO, *(image for one in of for image in one)])


def test_a_reduced_dose_that_failed_is_never_the_scan_before(door: ScannerServer, client: Synthesis) -> None:
    assert "kept as the one before contrast" in texts(session(door, series(PRE)), "WRN")[0]
    client.failure = ServiceUnavailable("away")
    answers = session(door, series(LOW))
    assert len(images(answers)) == 2, "it goes back as it came"
    client.failure = None
    assert images(session(door, series(LOW)), 99)
    assert images(session(door, series(AGAIN)), 99), "measured again"
    assert client.pairs == [(PRE, LOW), (PRE, LOW), (PRE, AGAIN)]


def test_a_reduced_dose_that_is_measured_again_finds_the_scan_that_came_with_the_first(
    door: ScannerServer, client: Synthesis
) -> None:
    session(door, series(PRE, 1), series(LOW, 2))
    session(door, series(AGAIN))
    assert client.pairs == [(PRE, LOW), (PRE, AGAIN)]


@pytest.mark.parametrize("again", [series(PRE), series(PRE + 1, time=1000)])
def test_a_scan_is_not_its_own_partner(door: ScannerServer, client: Synthesis, again: list[Image]) -> None:
    """The same pixels, or the same times of measurement."""
    session(door, series(PRE, time=1000))
    answers = session(door, again)
    assert "sent again" in texts(answers, "WRN")[0]
    assert len(images(answers)) == 2
    session(door, series(LOW, time=2000))
    assert client.pairs == [(PRE, LOW)]
