"""DICOMweb in and out, from dicomweb-client; health and metrics."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pydicom
import pytest
from dicomweb_client.api import DICOMwebClient

from recon.client import Client
from recon.doors.node.space import Watermark
from recon.doors.node.web import WebServer, application
from recon.doors.node.work import Worker
from tests.doors.node.conftest import Receiving, until
from tests.doors.node.test_work import ct_rule

pytestmark = pytest.mark.service
Start = Callable[..., Receiving]


@pytest.fixture
def serving(receiving: Start) -> Iterator[Callable[..., tuple[Receiving, str]]]:
    servers: list[WebServer] = []

    def start(**changes: Any) -> tuple[Receiving, str]:
        node = receiving(**changes)
        watermark = Watermark(node.config.folder, node.config.limits)
        servers.append(WebServer(application(node.config, node.ledger, node.inbox, watermark), "127.0.0.1:0"))
        return node, f"http://127.0.0.1:{servers[-1].port}"

    yield start
    for server in servers:
        server.close()


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


def test_tokens(serving: Any, tmp_path: Path) -> None:
    tokens = tmp_path / "tokens"
    tokens.write_text("one\ntwo\n")
    _, url = serving(http_tokens_file=str(tokens))
    assert httpx.get(f"{url}/health").status_code == 200
    for given, status in (("", 401), ("Bearer three", 401), ("Bearer two", 204)):
        answer = httpx.get(f"{url}/dicom-web/studies", headers={"Authorization": given})
        assert answer.status_code == status
    assert httpx.get(f"{url}/reader/api/cases").status_code in (401, 403)


def test_metrics_count_and_name_nobody(serving: Any, make_series: Any, tmp_path: Path) -> None:
    node, url = serving(**{**ct_rule(tmp_path), "otherwise": {"originals_to": ["DISK"]}, "rules": []})
    DICOMwebClient(f"{url}/dicom-web").store_instances([pydicom.dcmread(path) for path in make_series(2)])
    until(node.decider.look)
    words = httpx.get(f"{url}/metrics").text
    assert 'recon_node_deliveries{destination="DISK",kind="original",state="pending"} 2.0' in words
    assert "recon_node_instances 2.0" in words
    for secret in ("Test^Patient", "ABDOMEN", node.rows("SELECT uid FROM series")[0]["uid"]):
        assert secret not in words


def test_results_are_found_and_fetched(serving: Any, make_series: Any, tmp_path: Path, client: Client) -> None:
    node, url = serving(**ct_rule(tmp_path))
    web = DICOMwebClient(f"{url}/dicom-web")
    assert web.search_for_studies() == []
    web.store_instances([pydicom.dcmread(path) for path in make_series(2, size=128)])
    until(node.decider.look)
    assert Worker(node.config, node.ledger, client).step()
    (study,) = web.search_for_studies(search_filters={"PatientID": "T1"})
    uid = study["0020000D"]["Value"][0]
    assert set(study["00080061"]["Value"]) == {"CT", "OT", "SR"}
    assert web.search_for_studies(search_filters={"PatientID": "other"}) == []
    series = {one["0008103E"]["Value"][0]: one for one in web.search_for_series(uid)}
    assert len(series) == 5
    image = next(one for name, one in series.items() if name.endswith("denoised"))["0020000E"]["Value"][0]
    instances = web.retrieve_series(uid, image)
    assert [one.SeriesInstanceUID for one in instances] == [image] * 2
    metadata = web.retrieve_series_metadata(uid, image)
    assert {one["00080018"]["Value"][0] for one in metadata} == {one.SOPInstanceUID for one in instances}
    (frame,) = web.retrieve_instance_frames(uid, image, instances[0].SOPInstanceUID, [1])
    pixels = np.frombuffer(frame, "<u2").reshape(128, 128)
    assert (pixels == instances[0].pixel_array).all()
    assert httpx.get(f"{url}/dicom-web/studies/1.2.3/metadata").status_code == 404
    assert httpx.get(f"{url}/dicom-web/studies?NoSuch=1").status_code == 400
    assert httpx.get(f"{url}/reader/").status_code == 200
    answer = httpx.get(f"{url}/reader/api/cases")
    (case,) = answer.json()["cases"]
    assert case["verdict"] == node.rows("SELECT verdict FROM jobs")[0]["verdict"]


def test_https(receiving: Start, certificates: dict[str, Path]) -> None:
    files = {"cert": str(certificates["node"]), "key": str(certificates["node_key"])}
    node = receiving(http_tls=files)
    app = application(node.config, node.ledger, node.inbox, Watermark(node.config.folder, node.config.limits))
    server = WebServer(app, "127.0.0.1:0", node.config.http_tls)
    trusted = ssl.create_default_context(cafile=str(certificates["ca"]))
    assert httpx.get(f"https://127.0.0.1:{server.port}/health", verify=trusted).status_code == 200
    server.close()
