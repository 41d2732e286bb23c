"""C-STORE as SCU: one association a study; each object in the syntax that it has, decompressed only if refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pydicom
from pydicom.filewriter import correct_ambiguous_vr
from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import _config, evt
from pynetdicom.sop_class import StorageCommitmentPushModel, StorageCommitmentPushModelInstance

from recon.doors.node.association import ProposedContext, associated
from recon.doors.node.commitment import Commitments
from recon.doors.node.outbox import Parcel
from recon.doors.node.outcome import Meaning, Outcome, outcome_of_status
from recon.doors.node.peers import Destination
from recon.errors import ServiceUnavailable

_PLAIN = (str(ExplicitVRLittleEndian), str(ImplicitVRLittleEndian))
#: An association has room for 128 contexts, two a kind of object here, one for commitment.
_MOST_KINDS = 60
#: Bytes of a word of the values that pydicom hands out as they are encoded.
_WORDS = {"OW": 2, "OF": 4, "OL": 4, "OD": 8, "OV": 8}


def store(destination: Destination, calling: str, parcels: Sequence[Parcel]) -> Iterator[tuple[Parcel, Outcome]]:
    """Send objects on one association; yields each with its outcome, as soon as it is known.

    Raises
    ------
    ServiceUnavailable
        When no association comes about or it ends; what was not yielded was not sent, or its answer is lost.
    """
    assert destination.dicom is not None
    _config.STORE_SEND_CHUNKED_DATASET = True  # a file's bytes as they are
    kinds = list(dict.fromkeys((parcel.sop_class, parcel.syntax) for parcel in parcels))[:_MOST_KINDS]
    with associated(
        destination.dicom, calling, _contexts(kinds), destination.tls, destination.timeout_s
    ) as association:
        accepted = {
            (str(context.abstract_syntax), str(context.transfer_syntax[0])) for context in association.accepted_contexts
        }
        for parcel in parcels:
            if (parcel.sop_class, parcel.syntax) in kinds:
                yield parcel, _send(association, accepted, parcel)


def ask_commitment(
    destination: Destination, name: str, calling: str, parcels: Sequence[Parcel], commitments: Commitments
) -> bool:
    """Ask for storage commitment (N-ACTION); the report may come at once, or on another association later.

    Returns
    -------
    bool
        Whether the peer took the request.

    Raises
    ------
    ServiceUnavailable
        When the peer can't be reached or offers no storage commitment.
    """
    assert destination.dicom is not None

    def told(event: Any) -> tuple[int, None]:
        commitments.told(event.event_information)
        return 0x0000, None

    wanted: list[ProposedContext] = [(StorageCommitmentPushModel, [ImplicitVRLittleEndian])]
    handlers = [(evt.EVT_N_EVENT_REPORT, told)]
    with associated(
        destination.dicom, calling, wanted, destination.tls, destination.timeout_s, handlers=handlers
    ) as association:
        _, request = commitments.ask(name, [(parcel.sop_class, parcel.sop) for parcel in parcels], calling)
        status, _ = association.send_n_action(
            request, 1, StorageCommitmentPushModel, StorageCommitmentPushModelInstance
        )
        return bool(status) and status.Status == 0x0000


def _contexts(kinds: Sequence[tuple[str, str]]) -> list[ProposedContext]:
    """For each kind its own syntax, and for each class the plain ones one by one, should that be refused."""
    wanted: dict[tuple[str, str], ProposedContext] = {}
    for sop_class, syntax in kinds:
        wanted[sop_class, syntax] = (sop_class, [syntax])
    for sop_class in dict.fromkeys(sop_class for sop_class, _ in kinds):
        if not any((sop_class, plain) in wanted for plain in _PLAIN):
            wanted[sop_class, _PLAIN[0]] = (sop_class, list(_PLAIN))
        elif (sop_class, _PLAIN[1]) not in wanted:
            wanted[sop_class, _PLAIN[1]] = (sop_class, [_PLAIN[1]])
    return list(wanted.values())


def _send(association: Any, accepted: set[tuple[str, str]], parcel: Parcel) -> Outcome:
    plain = next((syntax for syntax in _PLAIN if (parcel.sop_class, syntax) in accepted), None)
    try:
        if (parcel.sop_class, parcel.syntax) in accepted:
            status = association.send_c_store(parcel.path)
        elif plain is None:
            return Outcome(Meaning.REFUSED, f"the peer takes no {UID(parcel.sop_class).name}, in no syntax of ours")
        else:
            status = association.send_c_store(_decoded(parcel, plain))
    except FileNotFoundError:
        return Outcome(Meaning.REFUSED, "its file is gone")
    except RuntimeError as error:
        raise ServiceUnavailable("the association ended") from error
    except (ValueError, NotImplementedError, AttributeError) as error:
        return Outcome(Meaning.REFUSED, f"can't be encoded for the peer ({type(error).__name__})")
    if not status or "Status" not in status:
        raise ServiceUnavailable("the association ended without an answer")
    return outcome_of_status(int(status.Status))


def _decoded(parcel: Parcel, syntax: str) -> pydicom.Dataset:
    """The object in a plain syntax, little-endian; pixels stay what they are."""
    dataset = pydicom.dcmread(parcel.path)
    had_vr, little = not UID(parcel.syntax).is_implicit_VR, UID(parcel.syntax).is_little_endian
    if UID(parcel.syntax).is_compressed:
        dataset.decompress(generate_instance_uid=False)
    for element in dataset.iterall():  # decodes by the syntax that it has: what stays raw would be sent as it is
        if not little and element.VR in _WORDS and element.value:
            element.value = np.frombuffer(element.value, f">u{_WORDS[element.VR]}").byteswap().tobytes()
    if not (had_vr or UID(syntax).is_implicit_VR):
        correct_ambiguous_vr(dataset, True)
    dataset.file_meta.TransferSyntaxUID = UID(syntax)
    dataset.set_original_encoding(UID(syntax).is_implicit_VR, True)
    return dataset
