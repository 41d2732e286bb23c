"""A site's own is loaded by its entry point, and what can't be stops nothing else."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from recon import plug_ins


def test_what_can_not_be_loaded_is_said_and_left_out(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    values = {"b": "math:pi", "a": "no_such_module:x", "c": "math:pie"}
    points = [EntryPoint(name, value, "g") for name, value in values.items()]
    monkeypatch.setattr(plug_ins, "entry_points", lambda group: points)
    assert [(point.name, round(value, 2)) for point, value in plug_ins.loaded("g")] == [("b", 3.14)]
    assert [record.args[1] for record in caplog.records if record.args] == ["a", "c"]
    assert "no_such_module" in caplog.text
