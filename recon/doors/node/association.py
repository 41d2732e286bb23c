"""An association that we open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from pynetdicom import AE, _config, build_role
from pynetdicom.sop_class import StorageCommitmentPushModel

from recon.doors.node.part10 import IMPLEMENTATION_NAME, IMPLEMENTATION_UID
from recon.doors.node.peers import TlsFiles, split_address
from recon.doors.node.tls import caller_context
from recon.errors import ServiceUnavailable

#: Abstract syntax and the transfer syntaxes to propose for it; None proposes the uncompressed ones.
ProposedContext = tuple[str, Sequence[str] | None]
#: PS3.8 9.3.4, in words.
_REASONS = {
    (1, 1): "no reason given",
    (1, 2): "application context unknown",
    (1, 3): "our AE title is not known there",
    (1, 7): "the called AE title is not known there",
    (2, 1): "no reason given",
    (2, 2): "protocol version",
    (3, 1): "temporary congestion",
    (3, 2): "its limit of associations is reached",
}
_UNCOMPRESSED = ("1.2.840.10008.1.2.1", "1.2.840.10008.1.2")


@contextmanager
def associated(
    peer: str,
    calling: str,
    wanted: Sequence[ProposedContext],
    tls: TlsFiles | None,
    timeout_s: float,
    *,
    reporting: bool = False,
    handlers: Sequence[Any] = (),
) -> Iterator[Any]:
    """An association with ``TITLE@HOST:PORT``, released when the block ends well, aborted otherwise.

    Parameters
    ----------
    peer
        TITLE@HOST:PORT.
    calling
        Our title on it.
    wanted
        Presentation contexts, at most 128.
    tls
        None connects in the clear.
    timeout_s
        Of connecting and of every answer.
    reporting
        Whether we play the SCP of storage commitment, who sends reports.
    handlers
        Of pynetdicom events.

    Raises
    ------
    ServiceUnavailable
        When none comes about; says why.
    """
    title, _, address = peer.partition("@")
    host, port = split_address(address)
    _config.LOG_HANDLER_LEVEL = "none"
    ae = AE(ae_title=calling)
    ae.implementation_class_uid, ae.implementation_version_name = IMPLEMENTATION_UID, IMPLEMENTATION_NAME
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = ae.connection_timeout = timeout_s
    ae.maximum_pdu_size = 0x20000
    for abstract, syntaxes in wanted:
        ae.add_requested_context(abstract, list(syntaxes or _UNCOMPRESSED))
    roles = [build_role(StorageCommitmentPushModel, scp_role=True)] if reporting else []
    arguments = (caller_context(tls), host) if tls is not None else None
    association = ae.associate(
        host, port, ae_title=title, tls_args=arguments, ext_neg=roles, evt_handlers=list(handlers)
    )
    if not association.is_established:
        raise ServiceUnavailable(f"{peer}: {_why(association)}")
    try:
        yield association
    except BaseException:
        association.abort()
        raise
    if association.is_established:
        association.release()


def _why(association: Any) -> str:
    if association.is_rejected:
        answer = association.acceptor.primitive
        reason = _REASONS.get((answer.result_source, answer.diagnostic), "no reason known")
        return f"refuses the association: {reason}"
    if association.acceptor.primitive is not None:
        return "accepts none of what is proposed"
    return "can't be reached, or closes the connection"
