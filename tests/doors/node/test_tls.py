"""TLS of both versions, with and without a certificate of the caller."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.doors.node.nodes import Receiving, echoscu, peer, storescu

pytestmark = pytest.mark.service

Start = Callable[..., Receiving]


def test_tls_of_both_versions(receiving: Start, certificates: dict[str, Path], make_series: Any) -> None:
    node = receiving(tls={"cert": str(certificates["node"]), "key": str(certificates["node_key"])})
    known = ("+cf", str(certificates["ca"]))
    assert echoscu(node.port, "+tla", *known).returncode == 0
    assert storescu(node.port, *make_series(3), options=("+tla", *known)).returncode == 0
    openssl = peer("openssl")
    for version, option in (("1.3", "-tls1_3"), ("1.2", "-tls1_2")):
        command = [openssl, "s_client", option, "-connect", f"127.0.0.1:{node.port}", "-brief"]
        done = subprocess.run(command, input="", capture_output=True, text=True, timeout=20, check=False)
        assert f"TLSv{version}" in done.stdout + done.stderr
    command = [openssl, "s_client", "-tls1_1", "-cipher", "ALL:@SECLEVEL=0", "-connect", f"127.0.0.1:{node.port}"]
    old = subprocess.run(command, input="", capture_output=True, text=True, timeout=20, check=False)
    assert old.returncode != 0
    assert echoscu(node.port).returncode != 0, "in the clear"


def test_tls_asks_for_a_certificate_where_told_to(receiving: Start, certificates: dict[str, Path]) -> None:
    files = {"cert": str(certificates["node"]), "key": str(certificates["node_key"]), "ca": str(certificates["ca"])}
    node = receiving(tls=files)
    known = ("+cf", str(certificates["ca"]))
    assert echoscu(node.port, "+tla", *known).returncode != 0
    ours = (str(certificates["caller_key"]), str(certificates["caller"]))
    assert echoscu(node.port, "+tls", *ours, *known).returncode == 0
