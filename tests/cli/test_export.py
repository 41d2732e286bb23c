"""A model is not written with an interval that nothing supports, and the command says so in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from recon.cli.export import export
from recon.errors import InvalidRequest
from recon.quality.conformal import TooFewSamples
from recon.training import trainer


class Idle:
    """Has nothing to calibrate on."""

    def ship(self, *_: object) -> None:
        raise TooFewSamples("a coverage of 0.9 needs 9 held-out pixels, not 2; hold out more")


def test_too_little_held_out_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trainer, "trainer_of", lambda path: (Idle(), None))
    with pytest.raises(InvalidRequest, match="hold out more"):
        export("some", [tmp_path], tmp_path, repository=tmp_path, models=tmp_path)
    assert not list(tmp_path.iterdir())
