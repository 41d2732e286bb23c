"""DICOMweb as a viewer asks for it: the requests of OHIF's data source and image loader, and dicomweb-client's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from email.message import Message
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pydicom
import pytest
from dicomweb_client.api import DICOMwebClient

from recon.doors.node.accept import answer_as
from recon.doors.node.space import Watermark
from recon.doors.node.web import WebServer, application
from recon.doors.node.work import Worker
from tests.doors.node.conftest import Receiving
from tests.doors.node.test_send import received
from tests.doors.node.test_work import answering, ct_rule

pytestmark = pytest.mark.service
EXPLICIT = "1.2.840.10008.1.2.1"
ORIGIN = "https://viewer.clinic"
#: As cornerstone's loader sends it.
FRAMES = "multipart/related; type=application/octet-stream; transfer-syntax=*"


@pytest.fixture
def web(
    receiving: Callable[..., Receiving], make_series: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[httpx.Client]:
    """A node with two studies that were worked on, and a page that asks it."""
    tokens = tmp_path / "tokens"
    tokens.write_text("secret\n")
    node = receiving(**ct_rule(tmp_path), http_origins=[ORIGIN], http_tokens_file=str(tokens))
    answering(monkeypatch, "PASS", "PASS")
    worker = Worker(node.config, node.ledger, None)  # type: ignore[arg-type]
    for study, date in (("1.2.3", "20260101"), ("1.2.4", "20251231")):
        named = {
            "StudyInstanceUID": study,
            "StudyDate": date,
            "PatientID": f"ID{study[-1]}",
            "StudyDescription": "Chest",
        }
        received(node, make_series(1, **named))
        assert worker.step()
    watermark = Watermark(node.config.folder, node.config.limits)
    server = WebServer(application(node.config, node.ledger, node.inbox, watermark), "127.0.0.1:0")
    root = f"http://127.0.0.1:{server.port}/dicom-web"
    with httpx.Client(base_url=root, headers={"Authorization": "Bearer secret"}, timeout=60) as client:
        yield client
    server.close()


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


def value(dataset: dict[str, Any], tag: str) -> Any:
    return dataset[tag]["Value"][0]


def test_the_list_of_studies_is_searched_as_the_viewer_does(web: httpx.Client) -> None:
    """With its parameters of the study list: wildcards, a range of dates, a list of UIDs, fields to include."""
    fields = "00081030,00080060,00080090,00100030"
    always = {"limit": "101", "offset": "0", "fuzzymatching": "false", "includefield": fields}

    def found(**given: str) -> list[str]:
        answer = web.get("/studies", params={**always, **given})
        assert answer.status_code in (200, 204), answer.text
        return [value(one, "0020000D") for one in answer.json()] if answer.status_code == 200 else []

    assert found() == ["1.2.3", "1.2.4"]
    assert found(**{"00100020": "*D3*"}) == ["1.2.3"]
    assert found(PatientName="*test*") == ["1.2.3", "1.2.4"]
    assert found(PatientName="*nobody*") == []
    assert found(StudyDescription="*hest*", StudyDate="20260101-20261231") == ["1.2.3"]
    assert found(StudyDate="19700102-20251231") == ["1.2.4"]
    assert found(ModalitiesInStudy="CT") == ["1.2.3", "1.2.4"]
    assert found(ModalitiesInStudy="MR") == []
    assert found(StudyInstanceUID="1.2.3\\1.2.4") == ["1.2.3", "1.2.4"]
    assert found(StudyInstanceUID="1.2.4") == ["1.2.4"]
    assert found(limit="1") == ["1.2.3"]
    assert found(limit="1", offset="1") == ["1.2.4"]
    (study,) = web.get("/studies", params={**always, "StudyInstanceUID": "1.2.3"}).json()
    assert (value(study, "00081030"), value(study, "00080020")) == ("Chest", "20260101")
    assert set(study["00080061"]["Value"]) == {"CT", "OT", "SR"}
    assert value(study, "00201208") == 3
    assert value(study, "00081190") == f"{web.base_url}studies/1.2.3"
    assert "Warning" in web.get("/studies", params={"fuzzymatching": "true"}).headers
    assert web.get("/studies", params={"includefield": "NoSuch"}).status_code == 400


def test_a_study_is_opened_as_the_viewer_does(web: httpx.Client) -> None:
    """Its series with the fields that it sorts by, then one of them, then its instances."""
    fields = {"includefield": "0008103E,00080021"}
    series = web.get("/studies/1.2.3/series", params=fields).json()
    assert {value(one, "00080060") for one in series} == {"CT", "SR", "OT"}
    (image,) = (one for one in series if value(one, "00080060") == "CT")
    assert value(image, "00201209") == 1
    uid = value(image, "0020000E")
    (same,) = web.get("/studies/1.2.3/series", params={"SeriesInstanceUID": uid}).json()
    assert value(same, "0020000E") == uid
    (instance,) = web.get(f"/studies/1.2.3/series/{uid}/instances", params={"includefield": "all"}).json()
    assert value(instance, "00280030") == 0.8
    assert web.get(f"/studies/1.2.3/series/{uid}/instances", params={"offset": "1"}).status_code == 204


def instance(web: httpx.Client) -> tuple[str, dict[str, Any]]:
    (series,) = web.get("/studies/1.2.3/series", params={"Modality": "CT"}).json()
    place = f"/studies/1.2.3/series/{value(series, '0020000E')}"
    (metadata,) = web.get(f"{place}/metadata", headers={"Accept": "application/dicom+json"}).json()
    return f"{place}/instances/{value(metadata, '00080018')}", metadata


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


@pytest.mark.parametrize(
    ("accept", "way"),
    [
        ("", "multipart/related"),
        ("*/*", "multipart/related"),
        (FRAMES, "multipart/related"),
        ('multipart/related; type="application/octet-stream"', "multipart/related"),
        (f"multipart/related;type=application/octet-stream;transfer-syntax={EXPLICIT}", "multipart/related"),
        (f"image/jls, {FRAMES}", "multipart/related"),
        ("application/octet-stream", "application/octet-stream"),
        ("multipart/related; type=application/octet-stream; transfer-syntax=1.2.840.10008.1.2.4.90", None),
        ("multipart/related; type=application/dicom", None),
        ("text/html", None),
    ],
)
def test_what_is_accepted(accept: str, way: str | None) -> None:
    assert answer_as(accept, "application/octet-stream", EXPLICIT) == way


def test_pages_of_named_origins_may_read(web: httpx.Client) -> None:
    """A browser asks first, without the token, whether it may send one."""
    asking = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "authorization",
    }
    with httpx.Client(base_url=web.base_url) as browser:
        first = browser.options("/studies", headers=asking)
        assert first.status_code == 200
        assert first.headers["access-control-allow-origin"] == ORIGIN
        assert "authorization" in first.headers["access-control-allow-headers"].lower()
        other = browser.options("/studies", headers={**asking, "Origin": "https://evil.example"})
        assert "access-control-allow-origin" not in other.headers
        assert browser.get("/studies", headers={"Origin": ORIGIN}).status_code == 401
    then = web.get("/studies", headers={"Origin": ORIGIN})
    assert then.headers["access-control-allow-origin"] == ORIGIN


def test_dicomweb_client_reads_it_all(web: httpx.Client, tmp_path: Path) -> None:
    client = DICOMwebClient(str(web.base_url).rstrip("/"), headers={"Authorization": "Bearer secret"})
    found = client.search_for_instances("1.2.3", fields=["00080021"])
    assert len(found) == 3
    assert len(client.retrieve_study("1.2.3")) == 3
    _, metadata = instance(web)
    series, sop = value(metadata, "0020000E"), value(metadata, "00080018")
    assert client.retrieve_instance("1.2.3", series, sop).Rows == 64
    (frame,) = client.retrieve_instance_frames("1.2.3", series, sop, [1])
    assert len(frame) == 64 * 64 * 2
