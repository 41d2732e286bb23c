"""What is wrong with an address or a file is said before anything waits for it."""

from __future__ import annotations

from pathlib import Path

import pytest
import trustme

from recon.client import Client, Tls
from recon.errors import InvalidRequest
from recon.wire.endpoint import check_authority, check_identity, checked_address


@pytest.mark.parametrize("text", ["127.0.0.1:50051", "[::1]:1", "gateway.hospital.org:443", "unix:/run/recon"])
def test_addresses(text: str) -> None:
    assert checked_address(text, "--server") == text


@pytest.mark.parametrize("text", ["", "localhost", "host:", ":50051", "http://a:1", "a:70000", "a b:1", "1:2:3:4"])
def test_what_is_no_address_is_named(text: str) -> None:
    with pytest.raises(InvalidRequest, match=r"--server is .*HOST:PORT"):
        checked_address(text, "--server")
    with pytest.raises(InvalidRequest):
        Client(text)


def test_files_that_do_not_fit_are_named(tmp_path: Path) -> None:
    authority = trustme.CA()
    one, other = authority.issue_cert("a.org"), authority.issue_cert("b.org")
    files = {name: tmp_path / name for name in ("ca.pem", "one.pem", "one.key", "other.key", "noise.pem")}
    authority.cert_pem.write_to_path(files["ca.pem"])
    one.cert_chain_pems[0].write_to_path(files["one.pem"])
    one.private_key_pem.write_to_path(files["one.key"])
    other.private_key_pem.write_to_path(files["other.key"])
    files["noise.pem"].write_text("no certificate")
    check_authority(files["ca.pem"])
    check_identity(files["one.pem"], files["one.key"])
    with pytest.raises(InvalidRequest, match=r"other.key is not the key of .*one.pem"):
        check_identity(files["one.pem"], files["other.key"])
    with pytest.raises(InvalidRequest, match=r"noise.pem holds no certificate"):
        check_identity(files["noise.pem"], files["one.key"])
    with pytest.raises(InvalidRequest, match=r"one.pem holds no private key"):
        check_identity(files["one.pem"], files["one.pem"])
    with pytest.raises(InvalidRequest, match=r"noise.pem holds no certificate of an authority"):
        Client("localhost:1", Tls(files["noise.pem"]))
    with pytest.raises(InvalidRequest, match=r"can't read .*absent.pem"):
        check_authority(tmp_path / "absent.pem")
