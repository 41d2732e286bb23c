"""Wrong usage and the version."""

from __future__ import annotations

import pytest

from recon import __version__
from recon.cli.main import main


@pytest.mark.parametrize("words", [("ct",), ("ct", "x", "-o", "y", "--strength", "much"), ("nonsense",)])
def test_wrong_usage_is_status_2(
    words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["recon", *words])
    with pytest.raises(SystemExit) as done:
        main()
    assert done.value.code == 2
    assert "Traceback" not in capsys.readouterr().err


def test_version(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", ["recon", "--version"])
    with pytest.raises(SystemExit) as done:
        main()
    assert done.value.code == 0
    assert capsys.readouterr().out.strip() == __version__
