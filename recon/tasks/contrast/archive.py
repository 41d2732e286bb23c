"""Which scans of an archive are the halves of a contrast pair: their names tell."""

from __future__ import annotations

import re

from recon.tasks.archive import ArchivedScan, Claim
from recon.values.content import Content

_PRE = {"pre", "precontrast", "noncontrast", "unenhanced", "native"}
_LOW = {"low", "lowdose", "10pct", "10%", "tenth"}
_FILLING = {"dose", "contrast", "scan", "image", "gd", "gadolinium"}
#: Names of what is computed from scans, or is no magnitude: never a half, whatever else the name says.
_COMPUTED = re.compile(
    r"subtract|(?<![a-z])(subtr|diff|difference|minus|phase|pha|imag|imaginary|adc|mask|seg|dseg|fulldose)(?![a-z])"
    r"|(?<![a-z0-9])sub(?![-a-z0-9])(?![_ ]?[0-9])"  # but not the subject of BIDS, sub-01
)
_BIDS = re.compile(r"(sub-[a-z0-9]+(?:_[a-z]+-[a-z0-9]+)*)_([a-z0-9]+)", re.IGNORECASE)
#: Entities of BIDS that may say which half a scan is; all others must agree.
_TELLING = ("acq", "ce", "desc", "rec")
_NO_AGENT = {"none", "no", "pre"}


def claim(scan: ArchivedScan) -> Claim:
    """Never a scan by itself; of an MR series it says what is missing."""
    if scan.content is Content.MR:
        words = "an MR series whose description names it neither 'pre' nor 'low' (dose); contrast needs that pair"
        return Claim(False, words)
    return Claim()


def half_of(text: str) -> tuple[str, str]:
    """Which half of a contrast pair a name says a scan is, and the rest of its words.

    >>> half_of("sub-01_T1_pre")
    ('pre', '01 sub t1')
    """
    if _COMPUTED.search(re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", text).lower()):
        return "", ""
    bids = _BIDS.fullmatch(text.strip())
    if bids is not None and bids[2].lower() == "t1w":
        return _half_of_bids(bids[1], bids[2])
    words = words_of(text)
    for role, telling in (("pre", _PRE), ("low", _LOW)):
        if words & telling:
            return role, " ".join(sorted(words - telling - _FILLING))
    return "", ""


def _half_of_bids(entities: str, suffix: str) -> tuple[str, str]:
    """Of a T1-weighted scan named as BIDS has it: ``ce-`` is the agent, and without it nothing was given."""
    pairs = dict(entity.split("-", 1) for entity in entities.split("_"))
    said = set().union(*(words_of(pairs[key]) for key in _TELLING if key in pairs))
    rest = " ".join(
        sorted([*(f"{key}-{value}" for key, value in pairs.items() if key not in _TELLING), suffix])
    ).lower()
    if said & _LOW or any(word.startswith("low") for word in said):
        return "low", rest
    if said & _PRE:
        return "pre", rest
    with_agent = pairs.get("ce", "none").lower() not in _NO_AGENT
    return ("low" if with_agent else "pre"), rest


def words_of(text: str) -> set[str]:
    """Lower-case words of a file name or a description: ``sub-01_Pre.nii`` has sub, 01, pre, nii."""
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", text)
    return set(re.split(r"[^a-z0-9%]+", spaced.lower())) - {""}
