"""Settings are what was said, or what the environment says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from recon.errors import InvalidRequest
from recon.serving.settings import Settings, content_of, settings_of


@pytest.mark.parametrize(
    ("name", "text", "field", "value"),
    [
        ("RECON_LISTEN", "0.0.0.0:50051", "listen", "0.0.0.0:50051"),
        ("RECON_WORKERS", "3", "workers", 3),
        ("RECON_TUNING", "/a:/b", "tuning", (Path("/a"), Path("/b"))),
        ("RECON_TUNING", "", "tuning", ()),
        ("RECON_LATENCY_MS", '{"ct": 50}', "latency_ms", {"ct": 50.0}),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4317", "traces", "http://collector:4317"),
    ],
)
def test_the_environment_is_read(
    monkeypatch: pytest.MonkeyPatch, name: str, text: str, field: str, value: object
) -> None:
    monkeypatch.setenv(name, text)
    assert getattr(Settings(), field) == value


def test_what_is_said_counts_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECON_WORKERS", "3")
    monkeypatch.setenv("RECON_LIMITS__MOST_STREAMS", "7")
    assert Settings(workers=2).workers == 2
    assert Settings().limits.most_streams == 7


@pytest.mark.parametrize("wrong", [{"workers": 0}, {"drain_s": -1}, {"latency_ms": {"ct": 0}}, {"device": "tpu"}])
def test_what_can_not_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Settings(**wrong)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("RECON_LIMITS__MOST_BYTES", "abc", "RECON_LIMITS__MOST_BYTES is 'abc': Input should be a valid integer"),
        ("RECON_LIMITS", '{"most_bytes": "abc"}', "RECON_LIMITS is 'abc': Input should be a valid integer"),
        ("RECON_WORKERS", "0", "RECON_WORKERS is '0': Input should be greater than or equal to 1"),
        ("RECON_LATENCY_MS", '{"ct": 0}', "RECON_LATENCY_MS is '0': Input should be greater than 0"),
        ("RECON_TASKS", "ct", "RECON_TASKS is 'ct', which is no JSON"),
    ],
)
def test_a_variable_that_can_not_be_is_named(monkeypatch: pytest.MonkeyPatch, name: str, text: str, words: str) -> None:
    monkeypatch.setenv(name, text)
    with pytest.raises(InvalidRequest) as error:
        settings_of({"listen": "127.0.0.1:0"})
    assert error.value.problem.startswith(words)


def test_an_option_that_can_not_be_is_named() -> None:
    with pytest.raises(InvalidRequest, match="--drain-s is '-1': Input should be greater than or equal to 0"):
        settings_of({"drain_s": -1})


def test_files_are_read_or_named(tmp_path: Path) -> None:
    (tmp_path / "token").write_bytes(b"secret")
    assert content_of(None) is None
    assert content_of(tmp_path / "token") == b"secret"
    with pytest.raises(InvalidRequest, match="gone"):
        content_of(tmp_path / "gone")
