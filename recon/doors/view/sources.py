"""Where results come from: result folders, folders of them, and the output of a batch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Protocol

from recon.batch import ledger_file
from recon.doors.view.case import REPORT, Case, read_case, report_files
from recon.errors import UnreadableInput
from recon.io.output_folder import is_result
from recon.reading.book import NAME, Book


class CaseSource(Protocol):
    """What the page shows; asked anew whenever the worklist is."""

    def cases(self) -> Iterable[Case]:
        """All results that there are now."""

    def book(self, case: Case) -> Book:
        """Where decisions about a case are kept."""

    def books(self) -> list[Book]:
        """All of them."""

    def fate(self, case: Case) -> str:
        """What becomes of it, in a few words; empty where it just stays where it is."""


class KnownCases:
    """Cases as they were read, anew only where the report has changed."""

    def __init__(self) -> None:
        self._known: dict[Path, tuple[tuple[int, int], Case]] = {}

    def of(self, folder: Path, inputs: tuple[Path, ...] = (), taken: date | None = None, named: str = "") -> Case:
        """The case of a result folder.

        Parameters
        ----------
        folder
            Of the result.
        inputs
            What it was made from, where that is known better than the report knows it.
        taken
            Day of the scan, where it is known.
        named
            What it is called, where that is not the name of the folder.
        """
        try:
            facts = (folder / REPORT).stat()
            stamp = (facts.st_mtime_ns, facts.st_size)
        except OSError:
            return read_case(folder, inputs, taken, named)
        known = self._known.get(folder)
        if known is None or known[0] != stamp:
            known = self._known[folder] = (stamp, read_case(folder, inputs, taken, named))
        return known[1]


class FolderSource:
    """Results on disk.

    Parameters
    ----------
    paths
        Each a result folder, a folder of result folders, or the output of a batch.
    decisions
        One file for all decisions; by default one lies beside the results, in the folder that holds them.

    Raises
    ------
    UnreadableInput
        When a path does not exist, or holds no result.
    """

    def __init__(self, paths: Sequence[Path], decisions: Path | None = None) -> None:
        self._paths = [path.absolute() for path in paths]
        self._decisions = decisions
        self._known = KnownCases()
        for path in self._paths:
            if not path.exists():
                raise UnreadableInput(f"{path}: no such file or folder")
            if not (path / ledger_file.NAME).exists() and next(self._found(path), None) is None:
                raise UnreadableInput(f"{path}: holds no result of recon; name a result folder or a folder of them")

    def cases(self) -> list[Case]:
        """All results, each once, the worst first."""
        found: dict[Path, Case] = {}
        for path in self._paths:
            for folder, inputs, taken in self._found(path):
                named = folder.relative_to(_home(folder)).as_posix()
                found.setdefault(folder, self._known.of(folder, inputs, taken, named))
        return sorted(found.values(), key=lambda case: case.rank)

    def book(self, case: Case) -> Book:
        """Beside the results, unless one file was named."""
        return Book(self._decisions or _home(case.folder) / NAME)

    def books(self) -> list[Book]:
        """One a folder of results."""
        if self._decisions:
            return [Book(self._decisions)]
        return [Book(parent / NAME) for parent in dict.fromkeys(_home(case.folder) for case in self.cases())]

    def fate(self, case: Case) -> str:
        """Files stay where they are."""
        return ""

    def _found(self, path: Path) -> Iterator[tuple[Path, tuple[Path, ...], date | None]]:
        if (path / ledger_file.NAME).exists():
            yield from _of_batch(path)
        elif is_result(path) or (path / REPORT).exists():
            yield path, (), None
        elif path.is_dir():
            for folder in sorted(path.iterdir()):
                if not folder.name.startswith(".") and (folder / REPORT).exists():
                    yield folder, (), None


def _of_batch(folder: Path) -> list[tuple[Path, tuple[Path, ...], date | None]]:
    found = []
    with ledger_file.reading(folder) as base:
        rows = base.execute(
            "SELECT number, name, taken FROM items WHERE state IN ('done', 'rejected') ORDER BY number"
        ).fetchall()
        for row in rows:
            paths = base.execute(
                "SELECT path FROM inputs WHERE item = ? AND state = '' ORDER BY role DESC, path", (row["number"],)
            )
            inputs = tuple(Path(path) for (path,) in paths)  # pre before low
            # where a scan made several jobs, each has its report, and the item has none
            parts = [path.parent for path in report_files(folder / row["name"])] or [folder / row["name"]]
            found += [(part, inputs, _day(row["taken"])) for part in parts]
    return found


def _home(folder: Path) -> Path:
    """The folder of results that a result is in; of a part of a batch's item the batch's, where nothing is added."""
    above = folder.parent.parent
    return above if (above / ledger_file.NAME).exists() else folder.parent


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
