"""A line of the log holds what it may hold and nothing else."""

from __future__ import annotations

import json
import logging

import pytest

from recon.doors.node.logs import log, quiet_libraries


def test_a_line_is_one_json_object(capsys: pytest.CaptureFixture[str]) -> None:
    log("sent", destination="PACS", count=3, why="two\nlines\x1b[2J")
    (line,) = capsys.readouterr().err.splitlines()
    found = json.loads(line)
    assert (found["event"], found["destination"], found["count"]) == ("sent", "PACS", 3)
    assert found["why"].isprintable()
    assert found["time"].endswith("+00:00")


def test_what_no_line_may_hold_has_no_way_in() -> None:
    with pytest.raises(ValueError, match="patient"):
        log("sent", patient="Doe^Jane")


def test_libraries_say_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    loggers = [logging.getLogger(name) for name in ("pynetdicom", "pydicom", "uvicorn")]
    before = [(logger, logger.level, logger.propagate, list(logger.handlers)) for logger in loggers]
    try:
        quiet_libraries()
        logging.getLogger("pynetdicom").critical("Doe^Jane")
        assert capsys.readouterr().err == ""
    finally:
        for logger, level, propagate, handlers in before:
            logger.setLevel(level)
            logger.propagate, logger.handlers = propagate, handlers
