"""A data set as it was encoded, and the file that holds it: preamble and meta header in front, PS3.10."""

from __future__ import annotations

import io
import struct

import pydicom
from pydicom.dataset import FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_file_meta_info
from pydicom.uid import UID

from recon import __version__
from recon.errors import UnreadableInput

#: Of this node, in meta headers and associations: a 2.25 UID, made once.
IMPLEMENTATION_UID = "2.25.211349087461905536403417632806915718264"
IMPLEMENTATION_NAME = f"RECON_{__version__}"[:16]
_PREAMBLE = b"\0" * 128 + b"DICM"
_GROUP_LENGTH = struct.Struct("<HH2sHL")


def file_content(sop_class: str, sop_instance: str, syntax: str, calling: str, called: str, data: bytes) -> bytes:
    """A file that holds a data set as it came; the meta header names who sent it to whom.

    Parameters
    ----------
    sop_class, sop_instance, syntax
        UIDs.
    calling, called
        AE titles, none where there were none.
    data
        The data set, encoded in ``syntax``.
    """
    meta = FileMetaDataset()
    meta.FileMetaInformationGroupLength, meta.FileMetaInformationVersion = 0, b"\0\1"
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = UID(sop_class), UID(sop_instance)
    meta.TransferSyntaxUID = UID(syntax)
    meta.ImplementationClassUID, meta.ImplementationVersionName = UID(IMPLEMENTATION_UID), IMPLEMENTATION_NAME
    if calling:
        meta.SourceApplicationEntityTitle = calling
    if called:
        meta.ReceivingApplicationEntityTitle = called
    buffer = DicomBytesIO()
    buffer.is_little_endian, buffer.is_implicit_VR = True, False
    write_file_meta_info(buffer, meta)
    return b"".join((_PREAMBLE, buffer.getvalue(), data))


def split(content: bytes) -> tuple[FileMetaDataset, int]:
    """Meta header of a file's content, and where its data set begins.

    Raises
    ------
    UnreadableInput
        When it is no DICOM file with a complete meta header.
    """
    try:
        if content[128:132] != b"DICM":
            raise ValueError("no DICM behind the preamble")
        group, element, kind, _, length = _GROUP_LENGTH.unpack_from(content, 132)
        if (group, element, kind) != (2, 0, b"UL"):
            raise ValueError("the meta header has no length")
        start = 132 + _GROUP_LENGTH.size + length
        if len(content) < start:
            raise ValueError("it ends within the meta header")
        meta = pydicom.dcmread(io.BytesIO(content[:start])).file_meta
        for name in ("MediaStorageSOPClassUID", "MediaStorageSOPInstanceUID", "TransferSyntaxUID"):
            if not meta.get(name):
                raise ValueError(f"the meta header has no {name}")
        return meta, start
    except Exception as error:  # pydicom raises whatever it likes
        raise UnreadableInput(f"no DICOM file: {error}") from error
