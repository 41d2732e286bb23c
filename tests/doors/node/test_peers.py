"""AE titles, addresses and destinations that cannot be meant are refused."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from recon.doors.node.peers import Destination, Sender, TlsFiles, split_address


@pytest.mark.parametrize(
    "given",
    [
        {"dicom": "PACS@10.0.0.9:104", "commitment": True},
        {"dicom": "PACS@[::1]:104", "calling": "RECON"},
        {"stow": "https://pacs/dicom-web", "token_file": "/run/token"},
        {"folder": "/data"},
    ],
)
def test_destinations_that_can_be_meant(given: dict[str, Any]) -> None:
    assert Destination(**given)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "exactly one"),
        ({"dicom": "PACS@10.0.0.9:104", "folder": "/data"}, "exactly one"),
        ({"folder": "/data", "commitment": True}, "commitment goes with dicom"),
        ({"dicom": "PACS"}, "TITLE@HOST:PORT"),
        ({"dicom": "PACS@10.0.0.9"}, "HOST:PORT"),
        ({"dicom": "PACS@10.0.0.9:70000"}, "HOST:PORT"),
        ({"dicom": "A title that is too long@10.0.0.9:104"}, "1 to 16"),
        ({"folder": "/data", "calling": "back\\slash"}, "no backslash"),
        ({"folder": "/data", "retry_first_s": 0}, "greater than 0"),
        ({"folder": "/data", "colour": "red"}, "Extra inputs"),
    ],
)
def test_destinations_that_can_not_be_meant_say_why(given: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Destination(**given)


def test_senders() -> None:
    assert Sender(title=" CT1 ", address="10.0.0.7/24").title == "CT1"
    assert Sender(title="*").most_associations == 8
    for wrong in ({"title": ""}, {"title": "CT1", "address": "10.0.0"}, {"title": "CT1", "most_associations": 0}):
        with pytest.raises(ValidationError):
            Sender(**wrong)


def test_certificate_and_key_belong_together() -> None:
    assert TlsFiles(ca="ca.pem").cert is None
    with pytest.raises(ValidationError, match="belong together"):
        TlsFiles(cert="cert.pem")


@pytest.mark.parametrize(
    ("address", "parts"),
    [("10.0.0.9:104", ("10.0.0.9", 104)), ("[::1]:11112", ("::1", 11112)), ("pacs:1", ("pacs", 1))],
)
def test_an_address_has_a_host_and_a_port(address: str, parts: tuple[str, int]) -> None:
    assert split_address(address) == parts
