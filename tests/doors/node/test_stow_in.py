"""Objects come in by STOW-RS, each with its own answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pydicom
import pytest
from dicomweb_client.api import DICOMwebClient

from tests.doors.node.nodes import Receiving

pytestmark = pytest.mark.service

Start = Callable[..., Receiving]


def body(*paths: Path) -> tuple[bytes, dict[str, str]]:
    pieces = [b"--x\r\nContent-Type: application/dicom\r\n\r\n" + path.read_bytes() + b"\r\n" for path in paths]
    return b"".join([*pieces, b"--x--"]), {"Content-Type": 'multipart/related; type="application/dicom"; boundary=x'}


def test_objects_come_in_by_stow(serving: Any, make_series: Any) -> None:
    node, url = serving()
    files = make_series(3)
    answer = DICOMwebClient(f"{url}/dicom-web").store_instances([pydicom.dcmread(path) for path in files])
    assert len(answer.ReferencedSOPSequence) == 3
    assert len(node.rows("SELECT * FROM instances")) == 3
    (series,) = node.rows("SELECT * FROM series")
    assert '"calling": "STOW-RS"' in series["facts"]


def test_the_answer_is_object_by_object(serving: Any, make_series: Any, tmp_path: Path) -> None:
    """dcm4chee-arc#3517: 200 all, 202 some, 409 none, each failure with its reason."""
    node, url = serving()
    good, other = make_series(2)
    broken = tmp_path / "broken.dcm"
    broken.write_bytes(b"no DICOM at all")

    def post(*paths: Path, place: str = "") -> httpx.Response:
        content, headers = body(*paths)
        return httpx.post(f"{url}/dicom-web/studies{place}", content=content, headers=headers, timeout=30)

    assert post(good).status_code == 200
    some = post(good, broken)
    assert some.status_code == 202
    assert some.json()["00081198"]["Value"][0]["00081197"]["Value"] == [0xC000]
    assert post(broken).status_code == 409
    assert post(other, place="/1.2.3").json()["00081198"]["Value"][0]["00081197"]["Value"] == [0xA900]
    dataset = pydicom.dcmread(good)
    dataset.PixelData = bytes(len(dataset.PixelData))
    dataset.save_as(good)
    changed = post(good)
    assert changed.status_code == 202
    assert changed.json()["00081199"]["Value"][0]["00081196"]["Value"] == [0xB007]
    content, headers = body(other)
    cut = httpx.post(f"{url}/dicom-web/studies", content=content[: len(content) // 2], headers=headers)
    assert cut.status_code == 400
    assert httpx.post(f"{url}/dicom-web/studies", content=b"x").status_code == 415
    assert len(node.rows("SELECT * FROM instances")) == 1


def test_no_room_is_said_in_health_and_answer(serving: Any, make_series: Any) -> None:
    _, url = serving(limits={"free_gb": 1e9})
    assert httpx.get(f"{url}/health").status_code == 503
    content, headers = body(*make_series(1))
    answer = httpx.post(f"{url}/dicom-web/studies", content=content, headers=headers)
    assert answer.json()["00081198"]["Value"][0]["00081197"]["Value"] == [0xA700]
