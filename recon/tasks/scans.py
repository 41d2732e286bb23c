"""The scans that lie in what a caller names, whatever their format."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from recon.errors import ReconError, UnreadableInput
from recon.io.formats import Content, LeftOut, Opened, look_into, open_files
from recon.io.formats.format import OnFile
from recon.tasks.job import Problem, Skipped


def scans_in(
    given: Path, wanted: Collection[Content], on_file: OnFile = None, strangers: bool = True
) -> Iterator[Opened | Skipped | Problem]:
    """Scans of a file or folder, and what was left out; one bad file never costs another.

    Parameters
    ----------
    given
        What a caller names.
    wanted
        Contents that the task takes.
    on_file
        Told how many files have been read.
    strangers
        Whether files that are no input of the task are worth a line.
    """
    try:
        for one in look_into(given, wanted, on_file):
            if not isinstance(one, LeftOut):
                yield one
            elif one.lost or one.path == str(given):
                yield _problem(one)
            elif strangers or Path(one.path).is_dir():
                yield Skipped(one.path, one.reason)
    except ReconError as error:
        yield Problem(str(given), error)


def scans_of(files: Sequence[Path], wanted: Collection[Content]) -> Iterator[Opened | Skipped | Problem]:
    """Scans of a list of files, and nothing beside them."""
    for one in open_files(files, wanted):
        if not isinstance(one, LeftOut):
            yield one
        elif one.lost:
            yield Problem(one.path, UnreadableInput(one.reason))
        else:
            yield Skipped(one.path, one.reason)


def _problem(one: LeftOut) -> Problem:
    named = one.reason if one.reason.startswith(one.path) else f"{one.path}: {one.reason}"
    return Problem(one.path, UnreadableInput(named))
