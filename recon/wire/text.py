"""Texts of a request, kept to what any caller needs."""

from __future__ import annotations

from typing import Any

from recon.errors import InvalidRequest

LONGEST_TEXT = 256


def bounded_text(message: Any) -> None:
    """Refuse texts that no caller needs.

    Raises
    ------
    InvalidRequest
        Naming the field.
    """
    for descriptor, value in message.ListFields():
        if not isinstance(value, str):
            continue
        if len(value) > LONGEST_TEXT:
            raise InvalidRequest(
                f"{descriptor.name} has {len(value)} characters; at most {LONGEST_TEXT}", field=descriptor.name
            )
        if len(value.splitlines()) > 1 or "\0" in value:  # errors that quote it are one line
            raise InvalidRequest(f"{descriptor.name} must be one line of text", field=descriptor.name)
