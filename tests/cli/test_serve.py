from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from recon.cli.serve import usable
from recon.errors import InvalidRequest
from recon.serving.settings import Settings


@pytest.mark.parametrize(
    ("given", "words"),
    [({"listen": "nowhere"}, "--listen is 'nowhere'"), ({"tls_cert": Path("none.pem")}, "can't read none.pem")],
)
def test_what_cannot_be_used_is_told_before_anything_is_measured(given: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidRequest, match=words):
        usable(Settings(**given))
