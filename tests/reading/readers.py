"""What a reader decides about."""

from __future__ import annotations

from recon.reading.decisions import Subject


def subject(name: str = "chest", verdict: str = "REVIEW") -> Subject:
    return Subject(name, "ab" * 32, "ct", verdict)
