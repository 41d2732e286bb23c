"""DICOMweb as a viewer asks for it: the requests of OHIF's data source and image loader, and dicomweb-client's."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from dicomweb_client.api import DICOMwebClient

from tests.doors.node.viewing import ORIGIN, instance, value

pytestmark = pytest.mark.service


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
