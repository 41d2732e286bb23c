from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from recon.cli.main import app
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


def test_the_environment_says_where_to_listen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECON_LISTEN", "nowhere")
    done = CliRunner().invoke(app, ["serve"])
    assert isinstance(done.exception, InvalidRequest)
    assert "--listen is 'nowhere'" in done.exception.problem


def test_a_variable_that_can_not_be_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECON_LIMITS__MOST_BYTES", "abc")
    done = CliRunner().invoke(app, ["serve", "--listen", "nowhere"])
    assert isinstance(done.exception, InvalidRequest)
    assert done.exception.problem.startswith("RECON_LIMITS__MOST_BYTES is 'abc': ")
