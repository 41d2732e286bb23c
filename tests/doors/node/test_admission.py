"""Who may associate, and with which answer others are refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from recon.doors.node.admission import CALLED_UNKNOWN, CALLING_UNKNOWN, LIMIT, Refusal, refusal
from recon.doors.node.config import NodeConfig

SENDERS = [
    {"title": "*", "address": "10.0.0.0/24"},
    {"title": "CT1", "address": "192.168.1.7", "most_associations": 2},
    {"title": "CT2", "address": "::1"},
]


@pytest.mark.parametrize(
    ("calling", "called", "address", "others", "answer"),
    [
        ("CT1", "RECON", "192.168.1.7", [], None),
        ("CT1", "RECON", "::ffff:192.168.1.7", [], None),
        ("ANY", "RECON", "10.0.0.99", [], None),
        ("CT2", "RECON", "::1%lo", [], None),
        ("CT1", "OTHER", "192.168.1.7", [], CALLED_UNKNOWN),
        ("CT1", "RECON", "192.168.1.8", [], CALLING_UNKNOWN),
        ("CT9", "RECON", "192.168.1.7", [], CALLING_UNKNOWN),
        ("ANY", "RECON", "10.0.1.1", [], CALLING_UNKNOWN),
        ("CT1", "RECON", "192.168.1.7", ["CT1"], None),
        ("CT1", "RECON", "192.168.1.7", ["CT1", "CT1"], LIMIT),
        ("CT1", "RECON", "192.168.1.7", ["X", "Y", "Z"], LIMIT),
    ],
)
def test_answers(
    configured: Callable[..., NodeConfig],
    calling: str,
    called: str,
    address: str,
    others: list[str],
    answer: Refusal | None,
) -> None:
    config = configured(senders=SENDERS, limits={"associations": 3})
    assert refusal(config, calling, called, address, others)[0] is answer


def test_a_sender_by_name_comes_before_one_that_is_anybody(configured: Callable[..., NodeConfig]) -> None:
    config = configured(senders=[{"title": "*"}, {"title": "CT1", "most_associations": 1}])
    _, sender = refusal(config, "CT1", "RECON", "10.0.0.1", [])
    assert sender is not None
    assert sender.most_associations == 1
