"""A site's own Triton is called as the settings say, and no token goes in the clear."""

from __future__ import annotations

from pathlib import Path

import pytest

from recon.errors import InvalidRequest
from recon.serving.settings import Settings
from recon.serving.triton.elsewhere import address_of


def test_one_on_this_machine_shares_memory_and_may_have_a_token(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("secret\n")
    found = address_of(Settings(triton="127.0.0.1:8001", triton_token_file=tmp_path / "token"))
    assert found.headers == {"authorization": "Bearer secret"}
    assert found.shared_memory is not None
    assert address_of(Settings(triton="triton:8001")).shared_memory is None
    assert address_of(Settings(triton="triton:8001")).headers == {}


def test_what_is_not_meant_for_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("secret")
    for settings, words in (
        (Settings(triton="triton:8001", triton_token_file=tmp_path / "token"), "not sent in the clear"),
        (Settings(triton="triton:8001", tuning=(tmp_path,)), "--tuning is for the embedded"),
        (Settings(triton="nonsense"), "--triton"),
        (Settings(triton="127.0.0.1:8001", triton_token_file=tmp_path / "gone"), "gone"),
    ):
        with pytest.raises(InvalidRequest, match=words):
            address_of(settings)
