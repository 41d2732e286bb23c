"""Who may come in."""

from __future__ import annotations

import ipaddress
import socket
import threading

import pytest

from recon.doors.mrd.server import Doorkeeper, ScannerServer, allowed_networks
from recon.doors.mrd.surroundings import Surroundings
from recon.errors import InvalidRequest, ServiceUnavailable
from tests.doors.mrd.scans import FakeClient, opened


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.5", "localhost", "::1"])
def test_loopback_lets_loopback_in(host) -> None:
    networks = allowed_networks([], host)
    assert any(ipaddress.ip_address("127.0.0.1") in network for network in networks)
    assert not any(ipaddress.ip_address("192.168.2.1") in network for network in networks)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.2.5", "scanner.example"])
def test_an_open_port_needs_names(host) -> None:
    with pytest.raises(InvalidRequest, match="--allow"):
        allowed_networks([], host)
    assert allowed_networks(["192.168.2.7"], host) == [ipaddress.ip_network("192.168.2.7/32")]


def test_what_is_no_network_is_named() -> None:
    with pytest.raises(InvalidRequest, match=r"192\.168\.2\.300"):
        allowed_networks(["192.168.2.300"], "0.0.0.0")


def test_others_are_not_answered() -> None:
    keeper = Doorkeeper(allowed_networks(["10.0.0.0/8"], "127.0.0.1"))
    server = ScannerServer(("127.0.0.1", 0), Surroundings(FakeClient), keeper)
    threading.Thread(target=server.run, daemon=True).start()
    with socket.create_connection(server.address, 10) as connection:
        assert connection.recv(10) == b""
    server.close(1)


def test_a_port_that_is_taken_is_named() -> None:
    with opened(FakeClient()) as door, pytest.raises(ServiceUnavailable, match=str(door.address[1])):
        ScannerServer(door.address, Surroundings(FakeClient), Doorkeeper([]))
