"""Answers are JSON that every browser reads; errors are one line with a status."""

from __future__ import annotations

import json
from typing import Any

import pytest
from starlette.requests import Request

from recon.doors.view.answers import failed, finite
from recon.doors.view.desk import UnknownCase
from recon.errors import InvalidRequest, OutputFailed, ReconError, UnreadableInput


def test_what_json_does_not_know_is_null() -> None:
    given: dict[Any, Any] = {"a": float("nan"), 3: [1.5, float("inf"), (float("-inf"), "x", True, None)]}
    assert finite(given) == {"a": None, "3": [1.5, None, [None, "x", True, None]]}
    assert json.loads(json.dumps(finite(given), allow_nan=False))


REQUEST = Request({"type": "http", "method": "GET", "path": "/api/cases", "headers": [], "query_string": b""})


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (UnknownCase("no such case"), 404),
        (InvalidRequest("wrong", field="items"), 400),
        (UnreadableInput("damaged"), 422),
        (OutputFailed("full"), 507),
        (ZeroDivisionError("division by zero\nsecond line"), 500),
    ],
)
def test_an_error_is_one_line_with_its_status(error: Exception, status: int) -> None:
    answer = failed(REQUEST, error)
    assert answer.status_code == status
    said = json.loads(bytes(answer.body))
    assert "\n" not in said["problem"]
    assert said["field"] == (error.field if isinstance(error, ReconError) else "")
