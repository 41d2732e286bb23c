"""A folder as a destination: an object is there whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from recon.doors.node.facts import pseudonym
from recon.doors.node.outbox import Parcel
from recon.doors.node.outcome import Meaning, Outcome
from recon.errors import ServiceUnavailable


def deliver(folder: Path, parcels: Sequence[Parcel]) -> Iterator[tuple[Parcel, Outcome]]:
    """Copy objects into STUDY/SERIES/INSTANCE.dcm, by pseudonyms; yields each with its outcome.

    Raises
    ------
    ServiceUnavailable
        When the folder can't be written.
    """
    for parcel in parcels:
        target = folder / pseudonym(parcel.study) / pseudonym(parcel.series) / f"{pseudonym(parcel.sop)}.dcm"
        try:
            content = parcel.path.read_bytes()
        except FileNotFoundError:
            yield parcel, Outcome(Meaning.REFUSED, "its file is gone")
            continue
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            working = target.with_name(f".{target.name}.part")
            with working.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(working, target)
        except OSError as error:
            raise ServiceUnavailable(f"{folder}: can't be written ({error.strerror or error})") from error
        yield parcel, Outcome(Meaning.SENT)
