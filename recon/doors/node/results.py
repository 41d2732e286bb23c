"""What a job made, as objects to send: which files, of which kind, in which order."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pydicom

#: Kinds by where a file lies in a result folder, in the order in which they are sent: images first.
_KINDS = ("image", "verdict", "page", "map", "uncertainty", "detectability")


@dataclass(frozen=True)
class Product:
    """One derived object.

    Attributes
    ----------
    kind
        ``image``, ``verdict`` (structured report), ``page`` (secondary capture), ``map`` (Parametric Map),
        ``uncertainty`` or ``detectability`` (plain images).
    series, sop, sop_class, syntax
        UIDs.
    path
        Where the file will lie.
    only_if_plain
        Whether it says the same as a map does, for viewers that show none.
    """

    kind: str
    series: str
    sop: str
    sop_class: str
    syntax: str
    path: Path
    only_if_plain: bool


def products(working: Path, target: Path) -> list[Product]:
    """The objects in a folder that is about to be renamed to ``target``."""
    made = []
    for path in sorted(working.rglob("*.dcm")):
        kind = _kind(path)
        dataset = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=["SeriesInstanceUID"])
        meta = dataset.file_meta
        plain = kind == "uncertainty" and (path.parents[1] / "uncertainty.dcm").exists()
        made.append(
            Product(
                kind,
                str(dataset.SeriesInstanceUID),
                str(meta.MediaStorageSOPInstanceUID),
                str(meta.MediaStorageSOPClassUID),
                str(meta.TransferSyntaxUID),
                target / path.relative_to(working),
                plain,
            )
        )
    return sorted(made, key=lambda one: (_KINDS.index(one.kind), one.path))


def _kind(path: Path) -> str:
    if path.stem in ("verdict", "page"):
        return path.stem
    if path.parent.name in _KINDS:
        return path.parent.name
    return "map"
