"""What a viewer asks for is what it gets."""

from __future__ import annotations

import pytest

from recon.doors.node.accept import answer_as
from tests.doors.node.viewing import EXPLICIT, FRAMES


@pytest.mark.parametrize(
    ("accept", "way"),
    [
        ("", "multipart/related"),
        ("*/*", "multipart/related"),
        (FRAMES, "multipart/related"),
        ('multipart/related; type="application/octet-stream"', "multipart/related"),
        (f"multipart/related;type=application/octet-stream;transfer-syntax={EXPLICIT}", "multipart/related"),
        (f"image/jls, {FRAMES}", "multipart/related"),
        ("application/octet-stream", "application/octet-stream"),
        ("multipart/related; type=application/octet-stream; transfer-syntax=1.2.840.10008.1.2.4.90", None),
        ("multipart/related; type=application/dicom", None),
        ("text/html", None),
    ],
)
def test_what_is_accepted(accept: str, way: str | None) -> None:
    assert answer_as(accept, "application/octet-stream", EXPLICIT) == way
