"""Noise scans in a folder, so that they outlast the door: each a file of readouts as they lie on the wire."""

from __future__ import annotations

import hashlib
import logging
import os
import secrets
import tempfile
from pathlib import Path

from recon.doors.mrd.wire import Block, encode, read_messages
from recon.errors import OutputFailed, ReconError

_log = logging.getLogger(__name__)
_ENDING = ".noise"


class NoiseFolder:
    """A folder of its own. Names are fingerprints of identities, and readouts say nothing of a patient.

    Parameters
    ----------
    folder
        Made when it is not there.
    most_bytes
        Of all scans; those that were longest not used go first.

    Raises
    ------
    OutputFailed
        When it can't be written to.
    """

    def __init__(self, folder: Path, most_bytes: int = 2**30) -> None:
        self._folder, self._most = folder, most_bytes
        try:
            folder.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=folder).close()
        except OSError as error:
            raise OutputFailed(f"can't write to {folder}: {error.strerror}") from error

    def keep(self, identity: str, noise: list[Block]) -> None:
        """Write a scan; the folder has it whole or not at all. Where there is no room, it is only logged."""
        path = self._path(identity)
        part = path.with_suffix(f".{secrets.token_hex(4)}.part")
        try:
            with part.open("wb") as file:
                for block in noise:
                    for buffer in encode(block):
                        file.write(buffer)
            os.replace(part, path)
            self._tidy()
        except OSError as error:
            part.unlink(missing_ok=True)
            _log.warning("a noise scan could not be kept in %s: %s", self._folder, error.strerror)

    def find(self, identity: str) -> list[Block] | None:
        """A scan; None where there is none that can be read."""
        path = self._path(identity)
        try:
            with path.open("rb") as file:
                found = list(read_messages(file))
            os.utime(path)
        except FileNotFoundError:
            return None
        except (OSError, ReconError) as error:
            _log.warning("a noise scan in %s can't be read: %s", self._folder, error)
            return None
        return [block.copy() for block in found if isinstance(block, Block)] or None

    def _path(self, identity: str) -> Path:
        return self._folder / (hashlib.sha256(identity.encode()).hexdigest()[:32] + _ENDING)

    def _tidy(self) -> None:
        found = [(path.stat(), path) for path in self._folder.glob(f"*{_ENDING}")]
        held = sum(stat.st_size for stat, _ in found)
        for stat, path in sorted(found, key=lambda pair: pair[0].st_mtime):
            if held <= self._most:
                return
            path.unlink(missing_ok=True)
            held -= stat.st_size
