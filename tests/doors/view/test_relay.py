"""A node is named by its address or URL."""

from __future__ import annotations

from pathlib import Path

import pytest

from recon.doors.view.relay import Relay, node_address
from recon.errors import ServiceUnavailable, UnreadableInput


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("node:8080", "http://node:8080"),
        ("[::1]:8080", "http://[::1]:8080"),
        ("https://node", "https://node"),
        ("https://node/reader/", "https://node"),
        ("http://node:80/reader", "http://node:80"),
        ("results", None),
        ("/data/results", None),
        ("https://node/elsewhere", None),
        ("a b:80", None),
    ],
)
def test_what_is_an_address_and_what_a_folder(text: str, url: str | None) -> None:
    assert node_address(text) == url


def test_a_token_that_can_not_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(UnreadableInput, match="gone"):
        Relay("http://127.0.0.1:1", tmp_path / "gone", None)


def test_nobody_there_is_said_with_the_address() -> None:
    with pytest.raises(ServiceUnavailable, match=r"http://127\.0\.0\.1:1: no node answers there"):
        Relay("http://127.0.0.1:1", None, None).check()
