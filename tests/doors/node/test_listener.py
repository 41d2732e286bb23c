"""Accepting waits for no caller."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pynetdicom import AE
from pynetdicom.sop_class import CTImageStorage

from tests.doors.node.nodes import Receiving, echoscu, until

pytestmark = pytest.mark.service

Start = Callable[..., Receiving]


def associate(port: int, calling: str) -> Any:
    ae = AE(ae_title=calling)
    ae.add_requested_context(CTImageStorage)
    return ae.associate("127.0.0.1", port, ae_title="RECON")


def test_the_limit_of_one_sender_leaves_room_for_others(receiving: Start) -> None:
    """pynetdicom#629: beyond the limit there is an answer, and at once."""
    node = receiving(senders=[{"title": "CT1", "most_associations": 2}, {"title": "CT2", "most_associations": 30}])
    held = [associate(node.port, "CT1") for _ in range(2)]
    third = associate(node.port, "CT1")
    assert third.is_rejected
    assert (third.acceptor.primitive.result_source, third.acceptor.primitive.diagnostic) == (3, 2)
    many = [associate(node.port, "CT2") for _ in range(25)]
    assert all(one.is_established for one in many)
    for one in (*held, *many):
        one.release()
    assert until(lambda: associate(node.port, "CT1").is_established)


def test_a_caller_that_goes_silent_is_let_go(receiving: Start, make_series: Any) -> None:
    """mercure#45: a sender that stays open in the middle of a PDU holds neither its place nor the series."""
    node = receiving(
        limits={"idle_s": 1.0, "free_gb": 0.01, "free_share": 0.0}, senders=[{"title": "*", "most_associations": 1}]
    )
    half = associate(node.port, "CT1")
    half.dul.socket.socket.sendall(b"\x04\x00\x00\x00\x40\x00" + b"x" * 10)
    assert until(lambda: echoscu(node.port).returncode == 0, 10)


def test_a_silent_tls_client_shuts_nobody_out(receiving: Start, certificates: dict[str, Path]) -> None:
    """dcm4che#939: the handshake is off the accepting thread, and has a clock."""
    tls = {"cert": str(certificates["node"]), "key": str(certificates["node_key"])}
    limits = {"handshake_s": 100.0, "free_gb": 0.01, "free_share": 0.0}
    node = receiving(tls=tls, limits=limits)
    silent = [socket.create_connection(("127.0.0.1", node.port)) for _ in range(5)]
    assert echoscu(node.port, "+tla", "+cf", str(certificates["ca"])).returncode == 0
    for one in silent:
        one.setblocking(False)
        with pytest.raises(BlockingIOError):  # they are still there
            one.recv(1)
    impatient = receiving(tls=tls, limits={**limits, "handshake_s": 0.2})
    silent.append(socket.create_connection(("127.0.0.1", impatient.port), 60))
    assert silent[-1].recv(1) == b"", "closed by the node when its time is over"
    for one in silent:
        one.close()
