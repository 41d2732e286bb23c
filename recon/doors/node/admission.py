"""Who may associate: known senders, from their addresses, under our titles, so many at a time."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

from recon.doors.node.config import NodeConfig
from recon.doors.node.peers import Sender


@dataclass(frozen=True)
class Refusal:
    """An answer of no.

    Attributes
    ----------
    result, source, reason
        Of A-ASSOCIATE-RJ, PS3.8 9.3.4.
    words
        For the log.
    """

    result: int
    source: int
    reason: int
    words: str


CALLED_UNKNOWN = Refusal(1, 1, 7, "called AE title not recognised")
CALLING_UNKNOWN = Refusal(1, 1, 3, "calling AE title not recognised")
LIMIT = Refusal(2, 3, 2, "local limit exceeded")


def sender_of(config: NodeConfig, calling: str, address: str) -> Sender | None:
    """The sender that calls; one that names the title before one that takes any."""
    known = sorted(config.senders, key=lambda sender: sender.title == "*")
    return next((one for one in known if one.title in ("*", calling) and _from(one, address)), None)


def refusal(
    config: NodeConfig, calling: str, called: str, address: str, others: Sequence[str]
) -> tuple[Refusal | None, Sender | None]:
    """Whether to refuse an association, and who calls.

    Parameters
    ----------
    config
        Of the node.
    calling, called
        AE titles, stripped.
    address
        IP address of the caller.
    others
        Calling titles of the associations there are already.
    """
    sender = sender_of(config, calling, address)
    if called not in config.titles:
        return CALLED_UNKNOWN, sender
    if sender is None:
        return CALLING_UNKNOWN, None
    if len(others) >= config.limits.associations or list(others).count(calling) >= sender.most_associations:
        return LIMIT, sender
    return None, sender


def _from(sender: Sender, address: str) -> bool:
    if sender.address is None:
        return True
    plain = ipaddress.ip_address(address.removeprefix("::ffff:").partition("%")[0])
    return plain in ipaddress.ip_network(sender.address, strict=False)
