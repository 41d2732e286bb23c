"""DICOMweb in and out, from dicomweb-client; health and metrics."""

from __future__ import annotations

import ssl
from collections.abc import Callable
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
from tests.doors.node.nodes import Receiving, until
from tests.doors.node.working import ct_rule

pytestmark = pytest.mark.service

Start = Callable[..., Receiving]


def test_tokens(serving: Any, tmp_path: Path) -> None:
    tokens = tmp_path / "tokens"
    tokens.write_text("one\ntwo\n")
    _, url = serving(http_tokens_file=str(tokens))
    assert httpx.get(f"{url}/health").status_code == 200
    for given, status in (("", 401), ("Bearer three", 401), ("Bearer two", 204)):
        answer = httpx.get(f"{url}/dicom-web/studies", headers={"Authorization": given})
        assert answer.status_code == status
    assert httpx.get(f"{url}/reader/api/cases").status_code in (401, 403)


def test_without_tokens_it_is_served_under_names_of_this_machine_alone(serving: Any) -> None:
    """A page from elsewhere whose name is pointed at 127.0.0.1 must not read studies."""
    _, url = serving()
    port = url.rpartition(":")[2]
    for path in ("/dicom-web/studies", "/reader/api/cases", "/metrics", "/health"):
        for name in ("evil.example", f"evil.example:{port}", f"127.0.0.1.evil.example:{port}", "[evil"):
            assert httpx.get(url + path, headers={"Host": name}).status_code == 421
        for name in ("localhost", f"localhost:{port}", "127.0.0.1", "[::1]", f"[::1]:{port}"):
            assert httpx.get(url + path, headers={"Host": name}).is_success


def test_with_tokens_it_is_served_under_any_name(serving: Any, tmp_path: Path) -> None:
    tokens = tmp_path / "tokens"
    tokens.write_text("one\n")
    _, url = serving(http_tokens_file=str(tokens))
    headers = {"Authorization": "Bearer one", "Host": "node.clinic"}
    assert httpx.get(f"{url}/dicom-web/studies", headers=headers).is_success


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
