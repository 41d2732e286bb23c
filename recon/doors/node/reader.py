"""The readers' page over the node's results: there from the start, and empty until the first one."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from recon.doors.view.case import Case
from recon.doors.view.sources import FolderSource
from recon.errors import UnreadableInput
from recon.reading.book import NAME, Book


class NodeResults:
    """What the page shows.

    Parameters
    ----------
    folder
        Of results; exists.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._source: FolderSource | None = None

    def cases(self) -> Iterable[Case]:
        """All results that there are now."""
        source = self._there()
        return source.cases() if source is not None else []

    def book(self, case: Case) -> Book:
        """Beside the folder of results.

        Raises
        ------
        UnreadableInput
            When there are none any more.
        """
        source = self._there()
        if source is None:
            raise UnreadableInput("the node has no results")
        return source.book(case)

    def books(self) -> list[Book]:
        """All of them."""
        source = self._there()
        return source.books() if source is not None else []

    def _there(self) -> FolderSource | None:
        if self._source is None and any(self._folder.glob("[0-9]*/report.json")):
            # beside the results' folder, so that decisions outlive what is cleaned away
            self._source = FolderSource([self._folder], self._folder.parent / NAME)
        return self._source
