"""Images in, images out: contrast from two scans, and nothing lost when there are not two."""

from __future__ import annotations

import json

import ismrmrd
import numpy as np
import pytest

from recon.doors.mrd.wire import ConfigFile, Image, Text, layout
from recon.errors import UnusableData
from recon.quality.interval import calibrated
from recon.quality.verdict import Verdict, measure
from recon.values.result import ImageSlice, ModelIdentity
from tests.doors.mrd.scans import FakeClient, header, images, meta, opened, report_of, scan, texts

SLICES, SHAPE = 5, (12, 10)


class Enhancing(FakeClient):
    """Ten times the difference, on top of the first scan."""

    def synthesize_contrast(self, pre, low, *, dose_fraction, probes, timeout_s):
        self.calls.append((pre, low, dose_fraction))
        return _Run(self, pre, low)


class _Run:
    model = ModelIdentity("contrast_enhance", "1", "cd" * 32, "0", calibrated(1.0))

    def __init__(self, client, pre, low) -> None:
        self.report = report_of([Verdict.PASS], client.of_series)
        self._client, self._pre, self._low = client, pre, low

    def __iter__(self):
        if self._client.failure is not None:
            raise self._client.failure
        for index, (pre, low) in enumerate(zip(self._pre.values, self._low.values, strict=True)):
            yield ImageSlice(index, pre + 10 * (low - pre), np.ones_like(pre), Verdict.PASS, [])


@pytest.fixture
def client():
    return Enhancing()


@pytest.fixture
def door(client):
    with opened(client) as server:
        yield server


def stack(series: int, gain: float, order=range(SLICES), slope: float = 0.5) -> list[Image]:
    made = []
    for z in order:
        head = np.zeros((), layout.IMAGE_HEAD)
        head["field_of_view"], head["position"] = (SHAPE[1] * 1.5, SHAPE[0] * 2, 3), (4, -20 + 3.5 * z, 9)
        head["read_dir"], head["phase_dir"], head["slice_dir"] = (1, 0, 0), (0, 0, -1), (0, 1, 0)
        head["slice"], head["image_series_index"], head["image_type"] = z, series, 1
        values = np.full((1, 1, *SHAPE), (z + 1) * gain, "<i2")
        made.append(
            Image.of(
                head,
                ismrmrd.Meta({"RescaleSlope": str(slope), "IceMiniHead": f"protocol {series} {z}"}).serialize(),
                values,
            )
        )
    return made


def two(order=range(SLICES)) -> list[Image]:
    return [*stack(1, 100, order), *stack(2, 110, order)]


def said(**values: object) -> Text:
    return Text(json.dumps({"parameters": values}))


@pytest.mark.parametrize("order", [range(SLICES), [4, 1, 3, 0, 2]])
def test_two_series_become_one_with_full_contrast(door, client, order) -> None:
    answers = scan(door, [ConfigFile("contrast"), header(), said(doseFraction="0.2"), *two(order)])
    found = images(answers, 99)
    assert [int(image.head["slice"]) for image in found] == list(range(SLICES))
    for z, image in enumerate(found):
        slope = float(ismrmrd.Meta.deserialize(image.attributes)["RescaleSlope"])
        np.testing.assert_allclose(image.values * slope, (z + 1) * 100 * 0.5 * 2, rtol=1e-3)
        for name in ("position", "read_dir", "phase_dir", "slice_dir", "field_of_view"):
            assert np.array_equal(image.head[name], stack(1, 1)[z].head[name])
    assert [meta(image)["IceMiniHead"] for image in found] == [f"protocol 1 {z}" for z in range(SLICES)]
    assert len(images(answers)) == 2 * SLICES
    pre, _, dose = client.calls[0]
    assert dose == 0.2
    assert pre.values[3, 0, 0] == 4 * 100 * 0.5
    np.testing.assert_allclose(pre.geometry.affine[:3, :3], [[1.5, 0, 0], [0, 0, 3.5], [0, -2, 0]], atol=1e-5)
    np.testing.assert_allclose(pre.geometry.affine @ (5, 6, 2, 1), [4, -20 + 7, 9, 1], atol=1e-5)


def test_originals_come_first_where_they_are_asked_for(door) -> None:
    answers = scan(door, [ConfigFile("contrast"), header(), said(sendOriginals="True"), *two()])
    numbers = [int(image.head["image_series_index"]) for image in images(answers)]
    assert numbers == [1] * SLICES + [2] * SLICES + [99, 100] * SLICES


@pytest.mark.parametrize("originals", ["true", "false"])
@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (stack(1, 100), "1 series came"),
        ([*two(), *stack(3, 1)], "3 series came"),
        ([*stack(1, 100), *stack(2, 110)[:2], stack(2, 110)[4]], "not evenly spaced"),
    ],
)
def test_no_image_is_lost_where_no_contrast_can_be_made(door, sent, words, originals) -> None:
    answers = scan(door, [ConfigFile("contrast"), header(), said(sendOriginals=originals), *sent])
    back = images(answers)
    assert len(back) == len(sent)
    assert all(np.array_equal(a.values, b.values) for a, b in zip(back, sent, strict=True))
    assert words in texts(answers, "WRN no contrast is made")[0]


def test_no_image_is_lost_where_the_service_fails(door, client) -> None:
    client.failure = UnusableData("the scans don't overlap")
    answers = scan(door, [ConfigFile("contrast"), header(), *two()])
    assert len(images(answers)) == 2 * SLICES
    assert "don't overlap" in texts(answers, "WRN")[0]


def test_two_sessions_of_one_patient_in_one_position_belong_together(door, client) -> None:
    def identified(patient: str, frame: str):
        return header(
            before=(
                f"<subjectInformation><patientID>{patient}</patientID></subjectInformation><measurementInformation>"
                f"<patientPosition>HFS</patientPosition><frameOfReferenceUID>{frame}</frameOfReferenceUID>"
                "</measurementInformation>"
            )
        )

    answers = scan(door, [ConfigFile("contrast"), identified("P1", "1.2.3"), *stack(1, 100)])
    assert len(images(answers)) == SLICES
    assert "kept as the one before contrast" in texts(answers, "WRN")[0]
    for patient, frame in (("P2", "1.2.3"), ("P1", "1.2.4")):
        scan(door, [ConfigFile("contrast"), identified(patient, frame), *stack(1, 110)])
        assert not client.calls
    answers = scan(door, [ConfigFile("contrast"), identified("P1", "1.2.3"), *stack(7, 110)])
    assert len(images(answers, 99)) == SLICES
    assert len(client.calls) == 1


def test_what_only_the_whole_series_shows_is_said_of_every_image(door, client) -> None:
    swapped = measure("swapped", 1.0, unit="", upper=0.0, message="the scans were swapped", action="swap them")
    client.of_series = [swapped]
    answers = scan(door, [ConfigFile("contrast"), header(), *two()])
    found = images(answers, 99)
    assert len(found) == SLICES
    assert all("swapped" in meta(image)["ImageComment"] for image in found)
    assert {meta(image)["ReconVerdict"] for image in found} == {swapped.outcome.name} != {"PASS"}


def test_images_for_a_task_of_raw_data_go_back_with_a_note(door) -> None:
    answers = scan(door, [ConfigFile("mr"), header(), *stack(1, 100)])
    assert len(images(answers)) == SLICES
    assert "raw data" in texts(answers, "WRN")[0]


def test_one_image_of_a_whole_volume(door, client) -> None:
    def volume(series: int, gain: float) -> Image:
        head = np.array(stack(series, 1)[0].head)
        head["field_of_view"][2] = 3 * SLICES
        values = np.arange(1, SLICES + 1, dtype="<f4")[None, :, None, None] * np.full((1, SLICES, *SHAPE), gain, "<f4")
        return Image.of(head, "", values)

    answers = scan(door, [ConfigFile("contrast"), header(), volume(1, 100), volume(2, 110)])
    found = images(answers, 99)
    assert [int(image.head["slice"]) for image in found] == list(range(SLICES))
    np.testing.assert_allclose([image.head["position"][1] for image in found], -20 + 3 * (np.arange(SLICES) - 2))
