"""STOW-RS as client: objects as their files are, answers object by object, success believed when QIDO-RS sees it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any
from uuid import uuid4

import requests

from recon.doors.node.outbox import Parcel
from recon.doors.node.outcome import Meaning, Outcome
from recon.doors.node.peers import Destination
from recon.errors import InvalidRequest, ServiceUnavailable

#: What one request holds at most, bytes, unless a single object is larger.
_MOST_BYTES = 32_000_000
_AGAIN = {408, 425, 429, 500, 502, 503, 504, 507}
_SOP, _FAILED, _REFERENCED, _REASON, _WARNING = "00081155", "00081198", "00081199", "00081197", "00081196"


def deliver(destination: Destination, parcels: Sequence[Parcel]) -> Iterator[tuple[Parcel, Outcome]]:
    """Send objects of one study; yields each with its outcome.

    Raises
    ------
    ServiceUnavailable
        When the service can't be reached, is too busy, or says success without having stored.
    """
    with _session(destination) as session:
        for part in _parts(parcels):
            answers = _post(session, destination, part)
            seen = _seen(session, destination, part[0][0].study) if answers is None else None
            for parcel, _ in part:
                if answers is None:  # success without a list: some say so and have stored nothing
                    stored = seen is None or parcel.sop in seen
                    if not stored:
                        raise ServiceUnavailable(f"{destination.stow}: answers success, but has not stored")
                    yield parcel, Outcome(Meaning.SENT)
                else:
                    yield parcel, answers.get(parcel.sop, Outcome(Meaning.REFUSED, "not named in the answer"))


def ask(destination: Destination) -> None:
    """Whether the service answers at all.

    Raises
    ------
    ServiceUnavailable
        When it doesn't.
    """
    with _session(destination) as session:
        url = f"{destination.stow}/studies"
        try:
            answer = session.get(url, params={"limit": "1"}, timeout=destination.timeout_s)
        except requests.RequestException as error:
            raise ServiceUnavailable(f"{destination.stow}: can't be reached ({type(error).__name__})") from error
        if answer.status_code >= 400:
            raise ServiceUnavailable(f"{destination.stow}: answers with status {answer.status_code}")


def _session(destination: Destination) -> requests.Session:
    session = requests.Session()
    session.headers["Accept"] = "application/dicom+json"
    if destination.token_file is not None:
        try:
            session.headers["Authorization"] = f"Bearer {destination.token_file.read_text().strip()}"
        except OSError as error:
            raise InvalidRequest(f"{destination.token_file}: {error.strerror}") from error
    if destination.tls is not None:
        session.verify = str(destination.tls.ca) if destination.tls.ca else True
        if destination.tls.cert is not None:
            session.cert = (str(destination.tls.cert), str(destination.tls.key))
    return session


def _parts(parcels: Sequence[Parcel]) -> Iterator[list[tuple[Parcel, bytes]]]:
    part: list[tuple[Parcel, bytes]] = []
    size = 0
    for parcel in parcels:
        content = parcel.path.read_bytes()
        if part and size + len(content) > _MOST_BYTES:
            yield part
            part, size = [], 0
        part.append((parcel, content))
        size += len(content)
    if part:
        yield part


def _post(
    session: requests.Session, destination: Destination, part: Sequence[tuple[Parcel, bytes]]
) -> dict[str, Outcome] | None:
    boundary = uuid4().hex
    pieces: list[bytes] = []
    # without transfer-syntax: Orthanc 1.10 passes over a part that names one, and answers success
    head = f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode()
    for _, content in part:
        pieces += [head, content, b"\r\n"]
    # the whole body with its length: some archives lose what comes in chunks, and answer success
    body = b"".join([*pieces, f"--{boundary}--\r\n".encode()])
    kind = f'multipart/related; type="application/dicom"; boundary={boundary}'
    url = f"{destination.stow}/studies"
    try:
        # the timeout is that of silence, not of the whole request
        answer = session.post(url, data=body, headers={"Content-Type": kind}, timeout=destination.timeout_s)
    except requests.RequestException as error:
        raise ServiceUnavailable(f"{destination.stow}: can't be reached ({type(error).__name__})") from error
    if answer.status_code in _AGAIN:
        raise ServiceUnavailable(f"{destination.stow}: answers with status {answer.status_code}")
    if answer.status_code not in (200, 202, 409):
        refused = Outcome(Meaning.REFUSED, f"refused with HTTP status {answer.status_code}")
        return {parcel.sop: refused for parcel, _ in part}
    return answers_of(answer.content)


def answers_of(content: bytes) -> dict[str, Outcome] | None:
    """Outcomes by SOP instance UID in an answer to STOW-RS; None when it lists nothing."""
    listed: Any = None
    with suppress(ValueError):
        listed = json.loads(content)
    if isinstance(listed, list):
        listed = listed[0] if listed else None
    if not isinstance(listed, dict):
        return None
    found: dict[str, Outcome] = {}
    for item in listed.get(_REFERENCED, {}).get("Value", []):
        warning = _number(item, _WARNING)
        words = f"accepted with warning {warning:04X}" if warning else ""
        found[_uid(item)] = Outcome(Meaning.SENT, words)
    for item in listed.get(_FAILED, {}).get("Value", []):
        reason = _number(item, _REASON) or 0
        meaning = Meaning.LATER if reason >> 8 == 0xA7 else Meaning.REFUSED
        found[_uid(item)] = Outcome(meaning, f"refused with reason {reason:04X}")
    return found or None


def _seen(session: requests.Session, destination: Destination, study: str) -> set[str] | None:
    """Instances of a study that QIDO-RS lists; None where the service has no QIDO-RS."""
    url = f"{destination.stow}/studies/{study}/instances"
    try:
        answer = session.get(url, timeout=destination.timeout_s)
    except requests.RequestException:
        return None
    if answer.status_code == 204:
        return set()
    if answer.status_code != 200:
        return None
    return {item["00080018"]["Value"][0] for item in answer.json()}


def _uid(item: dict[str, Any]) -> str:
    return str((item.get(_SOP, {}).get("Value") or [""])[0])


def _number(item: dict[str, Any], tag: str) -> int | None:
    value = item.get(tag, {}).get("Value") or [None]
    return int(value[0]) if value[0] is not None else None
