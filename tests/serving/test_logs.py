"""The log holds what was asked for, one JSON object a line."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from recon.serving.logs import log_to_stderr


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    before = structlog.get_config()
    yield
    structlog.configure(**before)


@pytest.mark.parametrize(("level", "said"), [(logging.INFO, ["began", "odd"]), (logging.WARNING, ["odd"])])
def test_levels(level: int, said: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    log_to_stderr(level)
    log = structlog.get_logger()
    log.debug("detail")
    log.info("began", slices=3)
    log.warning("odd")
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["event"] for line in lines] == said
