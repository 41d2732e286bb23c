"""A mistake in a configuration is one line with its place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from recon.doors.node.config import NodeConfig
from recon.errors import InvalidRequest

DISK = {"DISK": {"folder": "disk"}, "BIN": {"folder": "bin"}}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"titels": ["A"]}, "titels: no such word here"),
        ({"titles": ["WAY_TOO_LONG_A_TITLE"]}, "titles.0: an AE title has 1 to 16"),
        ({"listen": "nowhere"}, "listen: HOST:PORT is wanted"),
        ({"rules": [{"name": "a", "when": {"description": "("}, "originals_to": ["DISK"]}]}, "no regular expression"),
        ({"rules": [{"name": "a", "originals_to": ["PACS"]}]}, "rules.a sends to PACS, which is no destination"),
        ({"rules": [{"name": "a"}]}, "neither a task nor originals_to"),
        ({"rules": [{"name": "a", "task": "contrast", "to": ["DISK"]}]}, "task contrast needs a role: pre or low"),
        ({"destinations": {"D": {"dicom": "PACS@h:1", "folder": "x"}}}, "exactly one of dicom, stow and folder"),
        ({"destinations": {"D": {"dicom": "PACS"}}}, "TITLE@HOST:PORT is wanted"),
        ({"http": "0.0.0.0:8042"}, "http_tokens_file is needed"),
        ({"rules": [{"name": "a", "task": "xray", "to": ["DISK"]}]}, "no task 'xray'"),
        ({"rules": [{"name": "a", "task": "ct", "to": ["DISK"], "options": {"strong": 1}}]}, "no option strong"),
        ({"rules": [{"name": "a", "task": "ct", "to": ["DISK"], "options": {"strength": 2}}]}, "strength: it must lie"),
        ({"tls": {"cert": "a.pem"}}, "cert and key belong together"),
    ],
)
def test_mistakes_are_one_line_with_their_place(
    configured: Callable[..., NodeConfig], change: dict[str, Any], words: str
) -> None:
    with pytest.raises(InvalidRequest) as caught:
        configured(**{"destinations": DISK, **change})
    assert words in caught.value.problem
    assert "\n" not in caught.value.problem
