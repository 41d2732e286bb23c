"""Which scans of an archive are the halves of a contrast pair: their names tell."""

from __future__ import annotations

import re

from recon.tasks.archive import Claim, Scan

_PRE = {"pre", "precontrast", "noncontrast", "unenhanced"}
_LOW = {"low", "lowdose", "10pct", "10%", "tenth"}
_FILLING = {"dose", "contrast", "scan", "image", "gd"}


def claim(scan: Scan) -> Claim:
    """Never a scan by itself; of an MR series it says what is missing."""
    if scan.kind == "dicom" and scan.facts.get("modality") == "MR":
        words = "an MR series whose description names it neither 'pre' nor 'low' (dose); contrast needs that pair"
        return Claim(False, words)
    return Claim()


def half_of(text: str) -> tuple[str, str]:
    """Which half of a contrast pair a name says a scan is, and the rest of its words.

    >>> half_of("sub-01_T1_pre")
    ('pre', '01 sub t1')
    """
    words = words_of(text)
    for role, telling in (("pre", _PRE), ("low", _LOW)):
        if words & telling:
            return role, " ".join(sorted(words - telling - _FILLING))
    return "", ""


def words_of(text: str) -> set[str]:
    """Lower-case words of a file name or a description: ``sub-01_Pre.nii`` has sub, 01, pre, nii."""
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", text)
    return set(re.split(r"[^a-z0-9%]+", spaced.lower())) - {""}
