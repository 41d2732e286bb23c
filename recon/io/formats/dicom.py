"""DICOM images: CT and MR series of many files."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from pydicom.tag import Tag
from pydicom.uid import UID

from recon.io.dicom import Kind, scan
from recon.io.dicom.read.foreign import image_type, require_image
from recon.io.dicom.read.headers import open_header, text
from recon.io.dicom.read.kinds import CT, MR, kind_of, sop_class
from recon.io.dicom.read.records import series_key
from recon.io.dicom.read.tags import TAGS
from recon.io.formats.format import Content, LeftOut, Look, OnFile, OpenedSlices
from recon.io.formats.signature import HDF5, ends_in, is_text

NAME = "DICOM"
GUESSES = True
ENDINGS = (".dcm", ".dicom", ".ima")
_CONTENTS = {CT.modality: Content.CT, MR.modality: Content.MR}
_MORE_TAGS = ("AcquisitionDate", "StudyDate", "PatientID", "SeriesDescription")
_TAGS = tuple(dict.fromkeys((*TAGS, *map(Tag, _MORE_TAGS))))


def recognise(path: Path, start: bytes) -> bool:
    """By ``DICM`` behind the preamble, by a data set that begins at once, or by a name that promises one."""
    if start[128:132] == b"DICM":
        return True
    if start[:8] == HDF5:
        return False
    # a data set starts with group 2 or 8, in either byte order
    if len(start) >= 16 and start[:2] in (b"\x02\0", b"\x08\0", b"\0\x02", b"\0\x08") and 0 in start[2:8]:
        return True
    if ends_in(path, ENDINGS):
        return True
    return (path.suffix == "" or path.suffix[1:].isdigit()) and not is_text(start)


def look(path: Path) -> Look:
    """What a file is; see :class:`recon.io.formats.format.Format`."""
    found = open_header(path, _TAGS)
    kind, name = kind_of(found), UID(sop_class(found)).name
    if kind is None:  # the reason is that of the nearest kind
        kind = MR if text(found, "Modality") == MR.modality else CT
    require_image(found, kind)
    if kind is MR:  # phase and maps lie among the slices; what CT refuses, its job names as lost
        kind.require_values(found, found, image_type(found))
    study = text(found, "StudyInstanceUID")
    date = re.sub(r"\D", "", text(found, "AcquisitionDate") or text(found, "StudyDate"))
    return Look(
        content=_CONTENTS[kind.modality],
        scan="|".join(("dicom", text(found, "PatientID"), study, series_key(found), kind.modality)),
        identity=text(found, "SOPInstanceUID"),
        name=text(found, "SeriesNumber") or "0",
        words=f"{text(found, 'SeriesDescription')} {path.parent.name}",
        study=f"dicom:{study}",
        detail=name,
        taken=f"{date[:4]}-{date[4:6]}-{date[6:8]}" if len(date) == 8 else "",
    )


def open(
    paths: Sequence[Path], wanted: Collection[Content], on_file: OnFile = None
) -> Iterator[OpenedSlices | LeftOut]:
    """Series, sorted out by their headers; see :class:`recon.io.formats.format.Format`."""
    kinds = [kind for kind in (CT, MR) if _CONTENTS[kind.modality] in wanted]
    if not kinds:
        yield from (LeftOut(str(path), "a DICOM file") for path in paths)
    for kind in kinds:
        found = scan(paths, on_file, kind)
        yield from (LeftOut(item.path, item.reason, item.kind is not Kind.OTHER) for item in found.skipped)
        for index in found.series:
            files = tuple(dict.fromkeys(record.source.path for record in index.records))
            label = index.name if len(found.series) > 1 else ""
            yield OpenedSlices(_CONTENTS[kind.modality], label, files, index)
