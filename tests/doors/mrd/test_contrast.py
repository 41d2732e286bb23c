"""Contrast through the door with the served network: what the agent did comes out, by series and by sessions."""

from __future__ import annotations

import json
from collections.abc import Iterator

import ismrmrd
import numpy as np
import pytest

from recon.client import Client
from recon.doors.mrd.server import ScannerServer
from recon.doors.mrd.wire import ConfigFile, Image, Text, layout
from recon.volumes import Volume
from tests.doors.mrd.scans import header, images, meta, opened, scan, texts, values
from tests.tasks.contrast.phantom import SHAPE, scans, uptake

pytestmark = pytest.mark.service
ADDED = uptake()


@pytest.fixture(scope="module")
def door(service: str) -> Iterator[ScannerServer]:
    with Client(service) as client:
        client.wait_ready(60)
        with opened(client, idle_s=300) as server:
            yield server


def series(volume: Volume, number: int) -> list[Image]:
    """A volume as a console sends it: a message a slice, 12 bits with a slope."""
    slope = float(volume.values.max()) / 4095
    affine, made = volume.geometry.affine, []
    for z, plane in enumerate(volume.values):
        head = np.zeros((), layout.IMAGE_HEAD)
        head["field_of_view"] = SHAPE[2], SHAPE[1], 1
        head["read_dir"], head["phase_dir"], head["slice_dir"] = affine[:3, :3].T
        head["position"] = (affine @ (SHAPE[2] // 2, SHAPE[1] // 2, z, 1))[:3]
        head["slice"], head["image_series_index"], head["image_type"] = z, number, 1
        pixels = np.rint(plane / slope).astype("<i2")[None, None]
        made.append(Image.of(head, ismrmrd.Meta({"RescaleSlope": repr(slope)}).serialize(), pixels))
    return made


def check_enhanced(answers: list, pre: Volume, low: Volume) -> None:
    """The lesion has what a full dose adds, the rest of the head has not, and places are those of the first scan."""
    found = images(answers, 99)
    assert [int(image.head["slice"]) for image in found] == list(range(SHAPE[0]))
    image = np.stack([values(one) for one in found])
    scale = 300.0
    core = ADDED > 0.69
    gained = (image - pre.values)[core].mean() / (scale * ADDED[core].mean())
    assert 0.7 < gained < 1.3
    assert gained > 4 * (low.values - pre.values)[core].mean() / (scale * ADDED[core].mean())
    for z, one in enumerate(found):
        np.testing.assert_allclose(
            one.head["position"], (pre.geometry.affine @ (SHAPE[2] // 2, SHAPE[1] // 2, z, 1))[:3], atol=1e-4
        )
    widths = images(answers, 100)
    assert len(widths) == SHAPE[0]
    assert np.stack([values(one) for one in widths]).max() > 0
    assert {meta(one)["ReconVerdict"] for one in found} <= {"PASS", "REVIEW"}
    assert meta(found[0])["ReconModel"][0] == "contrast_enhance"


def test_two_series_of_images(door) -> None:
    pre, low = scans(ADDED)
    answers = scan(door, [ConfigFile("contrast"), header(), *series(pre, 1), *series(low, 2)])
    check_enhanced(answers, pre, low)
    assert not texts(answers, "ERR")


def test_two_sessions_of_one_patient_in_one_frame_of_reference(door) -> None:
    pre, low = scans(ADDED)
    who = header(
        before=(
            "<subjectInformation><patientID>P1</patientID></subjectInformation><measurementInformation>"
            "<patientPosition>HFS</patientPosition><frameOfReferenceUID>1.2.3</frameOfReferenceUID>"
            "</measurementInformation>"
        )
    )
    first = scan(door, [ConfigFile("contrast"), who, *series(pre, 1)])
    assert len(images(first)) == SHAPE[0]
    assert "kept as the one before contrast" in texts(first, "WRN")[0]
    dose = Text(json.dumps({"parameters": {"doseFraction": "0.1"}}))
    check_enhanced(scan(door, [ConfigFile("contrast"), who, dose, *series(low, 1)]), pre, low)


def test_swapped_scans_come_back_marked(door) -> None:
    pre, low = scans(ADDED)
    answers = scan(door, [ConfigFile("contrast"), header(), *series(low, 1), *series(pre, 2)])
    found = images(answers, 99)
    assert len(found) == SHAPE[0]
    assert {meta(image)["ReconVerdict"] for image in found} == {"REJECT"}
    assert texts(answers, "ERR")
