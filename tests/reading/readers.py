"""What a reader decides about."""

from __future__ import annotations

from recon.reading.decisions import JudgedResult


def subject(name: str = "chest", verdict: str = "REVIEW") -> JudgedResult:
    return JudgedResult(name, "ab" * 32, "ct", verdict)
