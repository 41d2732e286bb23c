"""Nodes that receive, work and serve, and DICOM files to send them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme
from pydicom.uid import generate_uid

from recon.client import Client
from recon.doors.node.config import NodeConfig
from recon.doors.node.config_file import config_of
from recon.doors.node.space import Watermark
from recon.doors.node.web import WebServer, application
from recon.doors.node.work import Worker
from tests.doors.node.nodes import Receiving
from tests.doors.node.pacs import received
from tests.doors.node.viewing import ORIGIN
from tests.doors.node.working import answering, ct_rule


@pytest.fixture
def configured(tmp_path: Path) -> Callable[..., NodeConfig]:
    """A configuration for tests; keyword arguments replace parts of it."""

    def make(**changes: Any) -> NodeConfig:
        content: dict[str, Any] = {
            "titles": ["RECON"],
            "listen": "127.0.0.1:0",
            "folder": str(tmp_path / "node"),
            "senders": [{"title": "*"}],
            "limits": {"free_gb": 0.01, "free_share": 0.0},
            "completion": {"quiet_s": 0.3, "counted_quiet_s": 0.05, "longest_wait_s": 1.0, "pair_wait_s": 1.0},
        }
        return config_of({**content, **changes}, "test", tmp_path)

    return make


@pytest.fixture
def receiving(configured: Callable[..., NodeConfig]) -> Iterator[Callable[..., Receiving]]:
    """Starts receiving nodes; keyword arguments replace parts of their configuration."""
    started: list[Receiving] = []

    def start(**changes: Any) -> Receiving:
        started.append(Receiving(configured(**changes)))
        return started[-1]

    yield start
    for one in started:
        one.close()


@pytest.fixture
def make_series(make_slice: Callable[..., Path]) -> Callable[..., list[Path]]:
    """Writes a small CT series into files; keyword arguments replace attributes."""

    def make(count: int, size: int = 64, **changes: Any) -> list[Path]:
        uid = str(changes.pop("SeriesInstanceUID", generate_uid()))
        return [
            make_slice(f"{uid[-8:]}_{i}.dcm", 3.0 * i, size, i, SeriesInstanceUID=uid, InstanceNumber=i + 1, **changes)
            for i in range(count)
        ]

    return make


@pytest.fixture
def certificates(tmp_path: Path) -> dict[str, Path]:
    """An authority, a certificate of the node's and one of a caller's, as PEM files."""
    authority = trustme.CA()
    folder = tmp_path / "tls"
    folder.mkdir()
    files = {"ca": folder / "ca.pem"}
    authority.cert_pem.write_to_path(files["ca"])
    for name in ("node", "caller"):
        made = authority.issue_cert("127.0.0.1", "localhost")
        files[name], files[f"{name}_key"] = folder / f"{name}.pem", folder / f"{name}.key"
        made.private_key_pem.write_to_path(files[f"{name}_key"])
        made.cert_chain_pems[0].write_to_path(files[name])
    return files


@pytest.fixture
def worked(receiving: Callable[..., Receiving], make_series: Any, tmp_path: Path, client: Client) -> Receiving:
    """A node that has made what its rule says of three slices, by a real service."""
    node = receiving(**ct_rule(tmp_path))
    received(node, make_series(3, size=128))
    assert Worker(node.config, node.ledger, client).step()
    return node


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


@pytest.fixture
def serving(receiving: Callable[..., Receiving]) -> Iterator[Callable[..., tuple[Receiving, str]]]:
    """Starts nodes that are asked over HTTP; gives each with its address."""
    servers: list[WebServer] = []

    def start(**changes: Any) -> tuple[Receiving, str]:
        node = receiving(**changes)
        watermark = Watermark(node.config.folder, node.config.limits)
        servers.append(WebServer(application(node.config, node.ledger, node.inbox, watermark), "127.0.0.1:0"))
        return node, f"http://127.0.0.1:{servers[-1].port}"

    yield start
    for server in servers:
        server.close()
