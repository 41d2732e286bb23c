"""Metadata and frames as OHIF's image loader fetches them."""

from __future__ import annotations

from email.message import Message

import httpx
import numpy as np
import pydicom
import pytest

from tests.doors.node.viewing import EXPLICIT, FRAMES, instance

pytestmark = pytest.mark.service


def parts(answer: httpx.Response) -> list[tuple[str, bytes]]:
    """Content type and body of each part."""
    head = Message()
    head["content-type"] = answer.headers["content-type"]
    mark = f"--{head.get_param('boundary')}".encode()
    found = []
    for piece in answer.content.split(mark)[1:-1]:
        words, _, body = piece.partition(b"\r\n\r\n")
        found.append((words.decode().partition(":")[2].strip(), body.removesuffix(b"\r\n")))
    return found


def test_metadata_lead_to_frames(web: httpx.Client) -> None:
    """What the loader needs of a header is there, and each address in it leads somewhere."""
    place, metadata = instance(web)
    needed = (
        "00080016",
        "00080018",
        "0020000D",
        "0020000E",
        "00280002",
        "00280004",
        "00280010",
        "00280011",
        "00280030",
        "00280100",
        "00280101",
        "00280103",
        "00281052",
        "00281053",
        "00200032",
        "00200037",
    )
    assert [tag for tag in needed if tag not in metadata] == []
    address = metadata["7FE00010"]["BulkDataURI"]
    assert address == f"{str(web.base_url).rstrip('/')}{place}/frames/1"
    assert web.get(address, headers={"Accept": FRAMES}).status_code == 200
    assert all(element.get("BulkDataURI", address) == address for element in metadata.values())


def test_frames_come_as_they_are_asked_for(web: httpx.Client) -> None:
    place, _ = instance(web)
    ((kind, pixels),) = parts(web.get(f"{place}/frames/1", headers={"Accept": FRAMES}))
    assert kind == f"application/octet-stream; transfer-syntax={EXPLICIT}"
    whole = web.get(place, headers={"Accept": "application/dicom"})
    source = pydicom.dcmread(pydicom.filebase.DicomBytesIO(whole.content))
    assert (np.frombuffer(pixels, "<u2").reshape(64, 64) == source.pixel_array).all()
    single = web.get(f"{place}/frames/1", headers={"Accept": "application/octet-stream"})
    assert single.content == pixels
    for refused in ("image/jpeg", "multipart/related; type=image/jls", f"{FRAMES[:-1]}1.2.840.10008.1.2.4.70"):
        assert web.get(f"{place}/frames/1", headers={"Accept": refused}).status_code == 406
    assert web.get(f"{place}/frames/2", headers={"Accept": FRAMES}).status_code == 404
