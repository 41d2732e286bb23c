"""What one file is, told by its header; pixels stay on disk."""

from __future__ import annotations

import hashlib
import re
import stat
from pathlib import Path

from pydicom.tag import Tag
from pydicom.uid import UID

from recon.batch.items import InputFile
from recon.batch.states import State
from recon.errors import UnreadableInput
from recon.io.dicom.read.foreign import image_type, require_image
from recon.io.dicom.read.headers import open_header, text
from recon.io.dicom.read.kinds import CT, sop_class
from recon.io.dicom.read.records import TAGS
from recon.io.dicom.read.skipped import Kind, Refused
from recon.io.nifti import SUFFIXES, is_nifti, stem
from recon.tasks.registry import tasks

_HDF5 = (".h5", ".hdf5", ".mrd")
_SCANS = (*SUFFIXES, *_HDF5, ".dcm", ".dicom", ".ima")
_SAMPLE = 16384
_HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"
_TAGS = tuple(
    Tag(keyword) for keyword in ("AcquisitionDate", "StudyDate", "PatientID", "StudyInstanceUID", "SeriesDescription")
)


def classify(path: Path, root: Path) -> InputFile:
    """Look at one file.

    Parameters
    ----------
    path
        Absolute.
    root
        Of the archive; labels are relative to it.
    """
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return InputFile(path, 0, 0, state=State.FAILED, reason="its name is not UTF-8; rename it")
    try:
        facts = path.stat()
    except OSError as error:
        return InputFile(path, 0, 0, state=State.FAILED, reason=f"can't be read: {error.strerror}")
    seen = InputFile(path, facts.st_size, facts.st_mtime_ns)
    if not stat.S_ISREG(facts.st_mode):
        return _left(seen, "not a regular file")
    if path.name.startswith("."):
        return _left(seen, "a hidden file")
    if facts.st_size == 0:
        return _left(seen, "an empty file", failed=_says_scan(path))
    try:
        with path.open("rb") as file:
            head = file.read(132)
        if is_nifti(path):
            return _nifti(seen, root)
        if head.startswith(_HDF5_MAGIC) or path.suffix.lower() in _HDF5:
            return _hdf5(seen, root)
        return _dicom(seen, root, head)
    except OSError as error:
        return _left(seen, f"can't be read: {error.strerror or error}", failed=True)
    except UnreadableInput as error:
        return _left(seen, error.problem.removeprefix(f"{path}: "), failed=True)
    except Exception as error:  # readers raise whatever they like on damaged headers
        words = str(error).strip().splitlines()
        return _left(
            seen, f"damaged: {(words or [type(error).__name__])[0].replace(str(path), 'the file')[:160]}", failed=True
        )


def _half(text: str, modality: str) -> tuple[str, str, str]:
    """The task of which a name says that the scan is one of several inputs, which one, and the rest of the name."""
    for task in tasks().values():
        role, rest = task.half_of(text, modality)
        if role:
            return task.name, role, rest
    return "", "", ""


def _says_scan(path: Path) -> bool:
    return path.name.lower().endswith(_SCANS)


def _left(seen: InputFile, reason: str, failed: bool = False) -> InputFile:
    state = State.FAILED if failed else State.SKIPPED
    return InputFile(seen.path, seen.size, seen.mtime_ns, state=state, reason=reason)


def _label(path: Path, root: Path) -> str:
    return str(path.relative_to(root)) if path.is_relative_to(root) else path.name


def _nifti(seen: InputFile, root: Path) -> InputFile:
    import nibabel as nib

    nib.load(seen.path)  # a header that can't be read is said now
    name = stem(seen.path)
    label = _label(seen.path.with_name(name), root)
    task, role, rest = _half(name, "")
    return InputFile(
        seen.path, seen.size, seen.mtime_ns, "nifti", f"nifti:{seen.path}", _sampled(seen), label,
        {"half_of": task} if role else {}, pair=f"nifti:{seen.path.parent}|{rest}" if role else "", role=role,
    )  # fmt: skip


def _hdf5(seen: InputFile, root: Path) -> InputFile:
    from recon.io.hdf5 import dataset, reading

    with reading(seen.path) as file:
        if dataset(file, "kspace") is None and dataset(file, "dataset/data") is None:
            return _left(seen, "HDF5 without k-space ('kspace' or 'dataset/data')")
    label = _label(seen.path.with_suffix(""), root)
    return InputFile(
        seen.path, seen.size, seen.mtime_ns, "hdf5", f"hdf5:{seen.path}", _sampled(seen), label
    )  # fmt: skip


def _dicom(seen: InputFile, root: Path, head: bytes) -> InputFile:
    path = seen.path
    if head[128:132] != b"DICM" and not _says_scan(path) and not _bare_dicom(head):
        return _left(seen, "not a scan")
    try:
        found = open_header(path, tuple(dict.fromkeys((*TAGS, *_TAGS))))
        modality, name = text(found, "Modality"), UID(sop_class(found)).name
        if modality != "MR":
            require_image(found, CT)
        elif "Image Storage" not in name or {"LOCALIZER", "UNCERTAINTY"} & set(image_type(found)):
            return _left(seen, f"no MR slice ({name})")
    except Refused as error:
        return _left(seen, error.problem, failed=error.kind is not Kind.OTHER or head[128:132] != b"DICM")
    series = text(found, "SeriesInstanceUID")
    if not series:
        return _left(seen, "has no SeriesInstanceUID", failed=True)
    study, number = text(found, "StudyInstanceUID"), text(found, "SeriesNumber") or "0"
    date = re.sub(r"\D", "", text(found, "AcquisitionDate") or text(found, "StudyDate"))
    task, role, _ = _half(f"{text(found, 'SeriesDescription')} {path.parent.name}", modality)
    facts = {"modality": modality, "class": name, **({"half_of": task} if role else {})}
    return InputFile(
        path, seen.size, seen.mtime_ns, "dicom", "|".join(("dicom", text(found, "PatientID"), study, series, modality)),
        text(found, "SOPInstanceUID"), f"{_label(path.parent, root)}_{number}".removeprefix("._"), facts,
        f"{date[:4]}-{date[4:6]}-{date[6:8]}" if len(date) == 8 else "",
        pair=f"dicom:{study}" if role else "", role=role,
    )  # fmt: skip


def _sampled(seen: InputFile) -> str:
    """Size and a digest of the first, middle and last bytes: files that differ in it are no copies."""
    digest = hashlib.sha256()
    with seen.path.open("rb") as file:
        for start in (0, seen.size // 2, max(0, seen.size - _SAMPLE)):
            file.seek(start)
            digest.update(file.read(_SAMPLE))
    return f"{seen.size}:{digest.hexdigest()[:32]}"


def _bare_dicom(head: bytes) -> bool:
    """Whether a file without preamble begins with a tag of group 2 or 8, little endian."""
    return len(head) >= 8 and head[:2] in (b"\x02\x00", b"\x08\x00") and head[3] == 0
