"""Receiving: the SCP for verification, storage of every class and transfer syntax, and storage commitment."""

from __future__ import annotations

from pynetdicom import AE, _config, evt
from pynetdicom.sop_class import StorageCommitmentPushModel, Verification

from recon.doors.node.admission import refusal
from recon.doors.node.commitment import Commitments
from recon.doors.node.config import NodeConfig
from recon.doors.node.inbox import Arrival, Inbox, Taken
from recon.doors.node.listener import Listener
from recon.doors.node.logs import log
from recon.doors.node.part10 import IMPLEMENTATION_NAME, IMPLEMENTATION_UID
from recon.doors.node.peers import split_address
from recon.doors.node.tls import listener_context
from recon.errors import ReconError

OUT_OF_RESOURCES, DIFFERING_DUPLICATE, SUCCESS = 0xA700, 0xC001, 0x0000
_FAILED = 0x0110


class Receiver:
    """The listening side; it runs from construction to :meth:`close`.

    Parameters
    ----------
    config
        Of the node.
    inbox
        Where objects go.
    commitments
        Who is asked for, and told of, storage commitment.
    """

    def __init__(self, config: NodeConfig, inbox: Inbox, commitments: Commitments) -> None:
        self._config, self._inbox, self._commitments = config, inbox, commitments
        _config.UNRESTRICTED_STORAGE_SERVICE = True  # every storage class there is or will be, in any syntax
        _config.LOG_HANDLER_LEVEL = "none"
        ae = AE(ae_title=config.titles[0])
        ae.implementation_class_uid, ae.implementation_version_name = IMPLEMENTATION_UID, IMPLEMENTATION_NAME
        ae.maximum_associations = config.limits.associations + 64  # beyond our own limit, so that ours answers
        ae.network_timeout = ae.dimse_timeout = config.limits.idle_s
        ae.acse_timeout = min(config.limits.idle_s, 30.0)
        ae.maximum_pdu_size = 0x40000
        ae.add_supported_context(Verification)
        # the sender of a commitment report plays the SCP, whoever opens the association
        ae.add_supported_context(StorageCommitmentPushModel, scu_role=True, scp_role=True)
        handlers = [
            (evt.EVT_REQUESTED, self._admit),
            (evt.EVT_C_STORE, self._store),
            (evt.EVT_N_ACTION, self._asked),
            (evt.EVT_N_EVENT_REPORT, self._told),
        ]
        context = listener_context(config.tls) if config.tls is not None else None
        self._ae = ae
        self._listener = Listener(
            ae, split_address(config.listen), context, handlers, config.limits.handshake_s, config.limits.idle_s
        )
        self.port = int(self._listener.server_address[1])

    def close(self) -> None:
        """Take no more associations, and end those there are."""
        self._listener.shutdown()
        for association in list(self._ae.active_associations):
            association.abort()

    def _admit(self, event: evt.Event) -> None:
        association = event.assoc
        request = association.requestor.primitive
        calling, called = request.calling_ae_title.strip(), request.called_ae_title.strip()
        others = [
            other.requestor.primitive.calling_ae_title.strip()
            for other in self._ae.active_associations
            if other is not association and other.is_acceptor and other.is_established
        ]
        answer, _ = refusal(self._config, calling, called, association.requestor.address, others)
        if answer is not None:
            log("refused", calling=calling, called=called, address=association.requestor.address, why=answer.words)
            association.acse.send_reject(answer.result, answer.source, answer.reason)
            association.kill()

    def _store(self, event: evt.Event) -> int:
        request, requestor = event.request, event.assoc.requestor
        calling, called = _titles(event)
        arrival = Arrival(
            str(request.AffectedSOPInstanceUID),
            str(request.AffectedSOPClassUID),
            str(event.context.transfer_syntax),
            event.encoded_dataset(include_meta=False),
            calling,
            called,
        )
        try:
            taken = self._inbox.take(arrival)
        except ReconError as error:
            log("not_stored", calling=calling, address=requestor.address, why=error.problem)
            return OUT_OF_RESOURCES
        if taken is Taken.FULL:
            log("no_room", calling=calling)
            return OUT_OF_RESOURCES
        if taken is Taken.DIFFERS and self._config.differing_duplicate == "refuse":
            return DIFFERING_DUPLICATE
        return SUCCESS

    def _asked(self, event: evt.Event) -> tuple[int, None]:
        calling, called = _titles(event)
        try:
            self._commitments.asked(event.action_information, calling, called, event.assoc.requestor.address)
        except ReconError as error:
            log("commitment_refused", calling=calling, why=error.problem)
            return _FAILED, None
        return SUCCESS, None

    def _told(self, event: evt.Event) -> tuple[int, None]:
        self._commitments.told(event.event_information)
        return SUCCESS, None


def _titles(event: evt.Event) -> tuple[str, str]:
    request = event.assoc.requestor.primitive
    return request.calling_ae_title.strip(), request.called_ae_title.strip()
