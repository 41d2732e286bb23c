"""The inbox: an object is on disk as it came, and in the ledger, before its sender hears of success."""

from __future__ import annotations

import hashlib
import os
import time
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from uuid import uuid4

from recon.doors.node.facts import ObjectHeader, header_of, pseudonym
from recon.doors.node.ledger import Ledger
from recon.doors.node.part10 import file_content, split
from recon.doors.node.space import Watermark
from recon.errors import OutputFailed


class Taken(Enum):
    """What became of an object."""

    NEW = "new"
    SAME = "the same came before"
    DIFFERS = "another with this UID came before and was kept"
    FULL = "no room"


@dataclass(frozen=True)
class Arrival:
    """An object as it came.

    Attributes
    ----------
    sop_instance, sop_class, syntax
        UIDs that the sender named it with.
    data
        The data set as it was encoded.
    calling, called
        AE titles.
    """

    sop_instance: str
    sop_class: str
    syntax: str
    data: bytes
    calling: str
    called: str


class Inbox:
    """Keeps what comes in.

    Parameters
    ----------
    ledger
        Of the node.
    watermark
        Of its disk.
    """

    def __init__(self, ledger: Ledger, watermark: Watermark) -> None:
        self._ledger, self._watermark = ledger, watermark
        self._folder = ledger.folder / "incoming"
        self._arriving = ledger.folder / "arriving"
        for folder in (self._folder, self._arriving):
            folder.mkdir(exist_ok=True)

    def take(self, arrival: Arrival) -> Taken:
        """Keep an object; when this returns, a power cut can't take it away.

        Raises
        ------
        OutputFailed
            When it can't be written: the sender must hear that.
        """
        if not self._watermark.room:
            return Taken.FULL
        content = file_content(
            arrival.sop_class, arrival.sop_instance, arrival.syntax, arrival.calling, arrival.called, arrival.data
        )
        header = header_of(content, arrival.calling, arrival.called)
        digest = hashlib.sha256(arrival.data).hexdigest()
        known = self._known(arrival, digest)
        if known is not None:
            return known
        path = self._folder / pseudonym(_series_key(header, arrival)) / f"{pseudonym(arrival.sop_instance)}.dcm"
        waiting = self._arriving / f"{uuid4().hex}.part"
        try:
            _write(waiting, content)
            with self._ledger.writing():
                known = self._known(arrival, digest)  # it may come twice at a time
                if known is not None:
                    waiting.unlink()
                    return known
                path.parent.mkdir(exist_ok=True)
                os.rename(waiting, path)
                _sync(path.parent)
                self._enter(arrival, header, path, digest)
        except OSError as error:
            raise OutputFailed(f"{self._folder}: can't be written ({error.strerror or error})") from error
        return Taken.NEW

    def adopt(self) -> int:
        """Enter files that were put in place just before the node was killed; returns how many.

        What lies half-written was never confirmed, and is thrown away. Call it before anything is taken.
        """
        for path in self._arriving.iterdir():
            path.unlink()
        with self._ledger.looking() as base:
            known = {row[0] for row in base.execute("SELECT path FROM instances")}
        adopted = 0
        for path in sorted(self._folder.glob("*/*.dcm")):
            if str(path) not in known:
                arrival = _arrival(path)
                digest = hashlib.sha256(arrival.data).hexdigest()
                header = header_of(path.read_bytes(), arrival.calling, arrival.called)
                with self._ledger.writing():
                    if self._known(arrival, digest) is None:
                        self._enter(arrival, header, path, digest)
                        adopted += 1
        return adopted

    def _known(self, arrival: Arrival, digest: str) -> Taken | None:
        with self._ledger.looking() as base:
            row = base.execute("SELECT sha256 FROM instances WHERE sop = ?", (arrival.sop_instance,)).fetchone()
        if row is None:
            return None
        if row["sha256"] == digest:
            return Taken.SAME
        name = pseudonym(arrival.sop_instance)
        self._ledger.say(f"instance {name}", f"came again from {arrival.calling} with other content; the first is kept")
        return Taken.DIFFERS

    def _enter(self, arrival: Arrival, header: ObjectHeader, path: Path, digest: str) -> None:
        now, series = time.time(), _series_key(header, arrival)
        with self._ledger.writing() as base:
            base.execute(
                "INSERT INTO series (uid, study, facts, expected, first, last, state) VALUES (?,?,?,?,?,?,'arriving') "
                "ON CONFLICT (uid) DO UPDATE SET last = excluded.last, state = 'arriving', "
                "expected = max(coalesce(expected, excluded.expected), coalesce(excluded.expected, expected))",
                (series, header.study, header.facts.to_json(), header.expected, now, now),
            )
            number = base.execute("SELECT number FROM series WHERE uid = ?", (series,)).fetchone()[0]
            base.execute(
                "INSERT INTO instances VALUES (?,?,?,?,?,?,?,?)",
                (
                    arrival.sop_instance,
                    number,
                    arrival.sop_class,
                    arrival.syntax,
                    str(path),
                    path.stat().st_size,
                    digest,
                    now,
                ),
            )


def _series_key(header: ObjectHeader, arrival: Arrival) -> str:
    """The series' UID; what has none is kept with others of its kind from there."""
    return header.series or f"{arrival.calling} {arrival.sop_class}"


def _arrival(path: Path) -> Arrival:
    """What a file of the inbox was made from."""
    content = path.read_bytes()
    meta, start = split(content)
    return Arrival(
        str(meta.MediaStorageSOPInstanceUID),
        str(meta.MediaStorageSOPClassUID),
        str(meta.TransferSyntaxUID),
        content[start:],
        str(meta.get("SourceApplicationEntityTitle", "")),
        str(meta.get("ReceivingApplicationEntityTitle", "")),
    )


def _write(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
