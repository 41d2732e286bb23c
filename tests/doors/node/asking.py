"""Requests for storage commitment."""

from __future__ import annotations

from pydicom.dataset import Dataset
from pydicom.uid import ImplicitVRLittleEndian, generate_uid
from pynetdicom import AE
from pynetdicom.sop_class import StorageCommitmentPushModel as PUSH
from pynetdicom.sop_class import StorageCommitmentPushModelInstance as PUSH_INSTANCE


def request(sops: list[tuple[str, str]]) -> Dataset:
    asked = Dataset()
    asked.TransactionUID = generate_uid()
    asked.ReferencedSOPSequence = []
    for sop_class, sop in sops:
        item = Dataset()
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = sop_class, sop
        asked.ReferencedSOPSequence.append(item)
    return asked


def ask(port: int, asked: Dataset, calling: str = "MR1") -> int:
    ae = AE(ae_title=calling)
    ae.add_requested_context(PUSH, ImplicitVRLittleEndian)
    association = ae.associate("127.0.0.1", port, ae_title="RECON")
    assert association.is_established
    status, _ = association.send_n_action(asked, 1, PUSH, PUSH_INSTANCE)
    association.release()
    return int(status.Status)
