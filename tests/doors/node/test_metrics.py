"""Metrics count and name nobody."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pydicom
import pytest
from dicomweb_client.api import DICOMwebClient

from tests.doors.node.nodes import Receiving, until
from tests.doors.node.working import ct_rule

pytestmark = pytest.mark.service

Start = Callable[..., Receiving]


def test_metrics_count_and_name_nobody(serving: Any, make_series: Any, tmp_path: Path) -> None:
    node, url = serving(**{**ct_rule(tmp_path), "otherwise": {"originals_to": ["DISK"]}, "rules": []})
    DICOMwebClient(f"{url}/dicom-web").store_instances([pydicom.dcmread(path) for path in make_series(2)])
    until(node.decider.look)
    words = httpx.get(f"{url}/metrics").text
    assert 'recon_node_deliveries{destination="DISK",kind="original",state="pending"} 2.0' in words
    assert "recon_node_instances 2.0" in words
    for secret in ("Test^Patient", "ABDOMEN", node.rows("SELECT uid FROM series")[0]["uid"]):
        assert secret not in words
