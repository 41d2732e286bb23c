"""Results of sessions in a folder: a scanner that left can come back for them."""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from recon.doors.mrd.image_file import ImageFile, images_in
from recon.doors.mrd.wire import Image
from recon.errors import InvalidRequest, OutputFailed, UnreadableInput

_NAME = re.compile(r"\d{8}-\d{6}-[0-9a-f]{8}")


def new_name() -> str:
    """A name for a session that says nothing of a patient: when it began, and random digits."""
    return f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(4)}"


@dataclass(frozen=True)
class SessionRecord:
    """One session's results.

    Attributes
    ----------
    name
        Of the session.
    images
        How many.
    delivered
        Whether all of them were sent to the scanner.
    scan
        A fingerprint of the scan's identity; empty where it has none.
    """

    name: str
    images: int
    delivered: bool
    scan: str = ""


class Kept:
    """A folder with one folder a session.

    Parameters
    ----------
    folder
        Made when it is not there.
    most_bytes
        Of all results; the oldest go first, delivered ones before others.
    """

    def __init__(self, folder: Path, most_bytes: int = 64 * 2**30) -> None:
        self._folder, self._most = folder, most_bytes
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputFailed(f"can't write to {folder}: {error.strerror}") from error

    def open(self, name: str) -> KeptSession:
        """A place for the results of a session."""
        return KeptSession(self._folder / name)

    def entries(self) -> list[SessionRecord]:
        """What there is, the oldest first."""
        found = []
        for path in sorted(self._folder.iterdir()):
            try:
                found.append(SessionRecord(**json.loads((path / "session.json").read_text())))
            except (OSError, ValueError, TypeError):
                continue  # still being written, or not ours
        return found

    def images(self, name: str) -> Iterator[Image]:
        """The images of a session.

        Raises
        ------
        InvalidRequest
            When there is none of that name.
        """
        if not _NAME.fullmatch(name) or name not in {entry.name for entry in self.entries()}:
            raise InvalidRequest(f"no session {name[:40]!r} is kept here", field="session")
        return images_in(self._folder / name / "images.h5")

    def tidy(self) -> None:
        """Make room: old results go when all are larger than they may be."""
        order = sorted(self.entries(), key=lambda entry: (not entry.delivered, entry.name))
        sizes = {entry.name: _size(self._folder / entry.name) for entry in order}
        for entry in order[:-1]:
            if sum(sizes.values()) <= self._most:
                return
            shutil.rmtree(self._folder / entry.name, ignore_errors=True)
            del sizes[entry.name]


class KeptSession:
    """Results of a session while it runs; they count when :meth:`close` has been called."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: ImageFile | None = None

    def keep(self, image: Image) -> None:
        """Store an image."""
        if self._file is None:
            self._file = ImageFile(self._folder / "images.h5")
        self._file.keep(image)

    def close(self, delivered: bool, identity: str) -> SessionRecord | None:
        """Complete the results; None where there are none."""
        if self._file is None:
            return None
        self._file.close()
        scan = hashlib.sha256(identity.encode()).hexdigest()[:16] if identity else ""
        entry = SessionRecord(self._folder.name, self._file.images, delivered, scan)
        part = self._folder / ".session.json"
        try:
            part.write_text(json.dumps(asdict(entry)))
            os.replace(part, self._folder / "session.json")
        except OSError as error:
            raise OutputFailed(f"can't write to {self._folder}: {error.strerror}") from error
        return entry


def _size(folder: Path) -> int:
    try:
        return sum(path.stat().st_size for path in folder.iterdir())
    except OSError as error:
        raise UnreadableInput(f"can't read {folder}: {error.strerror}") from error
