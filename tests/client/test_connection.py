"""A connection that can't be made says what is wrong before or when it is used."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from recon.client import Client, Tls
from recon.errors import InvalidRequest, ServiceUnavailable


@pytest.fixture
def nobody() -> str:
    """An address where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{taken.getsockname()[1]}"


def test_nobody_there_is_said_with_the_address(nobody: str) -> None:
    with Client(nobody) as client:
        with pytest.raises(ServiceUnavailable, match=f"no service was ready at {nobody} within 0 s"):
            client.wait_ready(0.2)
        with pytest.raises(ServiceUnavailable, match="is it running there"):
            client.models(5)


@pytest.mark.parametrize("address", ["", "localhost", "localhost:", "localhost:http", "localhost:70000"])
def test_an_address_is_checked_at_once(address: str) -> None:
    with pytest.raises(InvalidRequest, match="--server"):
        Client(address)


def test_files_for_encryption_are_checked_at_once(tmp_path: Path) -> None:
    (tmp_path / "text.pem").write_text("no certificate")
    with pytest.raises(InvalidRequest, match=r"text\.pem"):
        Client("localhost:1", Tls(authority=tmp_path / "text.pem"))
    with pytest.raises(InvalidRequest, match=r"absent\.pem"):
        Client("localhost:1", Tls(authority=tmp_path / "absent.pem"))
