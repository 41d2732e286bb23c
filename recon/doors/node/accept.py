"""What a WADO-RS client takes: media types and transfer syntaxes of its Accept header; PS3.18 8.7."""

from __future__ import annotations

from email.message import Message

_ANY = ("*/*", "multipart/*", "multipart/related")


def answer_as(accept: str, kind: str, syntax: str) -> str | None:
    """How to answer with parts of a kind: ``multipart/related``, the kind itself, or None where neither is taken.

    Parameters
    ----------
    accept
        The header; empty takes everything.
    kind
        Media type of a part, such as ``application/octet-stream``.
    syntax
        Transfer syntax that the parts have.
    """
    for one in accept.split(",") if accept.strip() else ["*/*"]:
        asked = Message()
        asked["content-type"] = one.strip()
        name = one.partition(";")[0].strip().lower()
        wanted = str(asked.get_param("transfer-syntax") or "*").strip('"')
        if wanted not in ("*", syntax):
            continue
        part = str(asked.get_param("type") or kind).strip('"').lower()
        if name in _ANY and part in (kind, "*/*"):
            return "multipart/related"
        if name == kind:
            return kind
    return None
