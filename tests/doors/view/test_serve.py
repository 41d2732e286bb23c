"""Who may be let in, and over what."""

from __future__ import annotations

from pathlib import Path

import pytest

from recon.doors.view.serve import listening
from recon.errors import InvalidRequest


@pytest.mark.parametrize("text", ["8042", "127.0.0.1:x", "127.0.0.1:99999", "0.0.0.0:8042", "[::]:8042"])
def test_others_need_tls(text: str) -> None:
    with pytest.raises(InvalidRequest, match="--listen"):
        listening(text, None, None)


def test_this_machine_needs_none() -> None:
    assert listening("127.0.0.1:0", None, None).loopback
    assert listening("[::1]:8042", None, None).loopback
    assert not listening("0.0.0.0:8042", Path("c"), Path("k")).loopback
