"""Decisions as readers make them."""

from __future__ import annotations

from datetime import UTC, datetime

from recon.reading.decisions import Choice, Decision, JudgedResult


def decision(number: int, result: str, reader: str, choice: Choice, verdict: str = "PASS") -> Decision:
    """Of one reader on one result."""
    return Decision(number, JudgedResult(result, "aa", "ct", verdict), reader, choice, "", datetime.now(UTC))
