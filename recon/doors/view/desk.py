"""What the page asks for: cases of a source, their images kept open, their decisions."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from recon.comparison.compared import Compared, compared
from recon.comparison.result import open_result
from recon.doors.view.case import Case
from recon.doors.view.images import CaseImages, OpenImages
from recon.doors.view.sources import CaseSource
from recon.errors import InvalidRequest
from recon.reading.decisions import Choice, Decision, decide, history, revision, take_back

#: Told of a decision about a case that was made or taken back, as by the node, which releases what was held.
OnDecision = Callable[[Case, Decision], None]


_MOST_COMPARED = 2


class UnknownCase(InvalidRequest):
    """No such result, or no longer."""


class Desk:
    """Where a reader sits.

    Parameters
    ----------
    source
        Of the cases.
    on_decision
        Told of every decision that was made or taken back, after it has been written.
    """

    def __init__(self, source: CaseSource, on_decision: OnDecision = lambda case, decision: None) -> None:
        self.source, self._on_decision, self._open = source, on_decision, OpenImages()
        self._comparing = threading.Lock()
        self._compared: OrderedDict[tuple[str, str], Compared] = OrderedDict()

    def cases(self) -> list[Case]:
        """All cases, the worst first."""
        return sorted(self.source.cases(), key=lambda case: case.rank)

    def case(self, key: str) -> Case:
        """The case of a key.

        Raises
        ------
        UnknownCase
            When there is none.
        """
        found = next((case for case in self.source.cases() if case.key == key), None)
        if found is None:
            raise UnknownCase("this result is no longer there; load the worklist again")
        return found

    def images(self, case: Case) -> CaseImages:
        """Its images, which may take a moment to open."""
        return self._open.of(case)

    def others(self, case: Case) -> list[Case]:
        """Results that a case might be compared with: of the same task and patient, or where no patient is known."""
        patient = case.facts.get("PatientID", "")
        found = (one for one in self.source.cases() if one.key != case.key and one.task == case.task)
        return [one for one in found if not one.trouble and one.facts.get("PatientID", "") == patient]

    def compared(self, case: Case, other: Case) -> Compared:
        """Both held against each other, the earlier first; those asked for last are kept.

        Raises
        ------
        ReconError
            When one of them keeps no record, or its images can't be read.
        """
        earlier, later = sorted((case, other), key=lambda one: (one.taken or one.made.date(), one.made))
        key = earlier.report_sha256, later.report_sha256
        with self._comparing:  # one at a time: a registration takes all of a processor
            if key not in self._compared:
                self._compared[key] = compared(open_result(earlier.folder), open_result(later.folder))
                while len(self._compared) > _MOST_COMPARED:
                    self._compared.popitem(last=False)
            return self._compared[key]

    def decisions(self) -> list[Decision]:
        """All decisions of all books."""
        return [decision for book in self.source.books() for decision in history(book)]

    def about(self, case: Case) -> list[Decision]:
        """All decisions about a case and about earlier results in its place."""
        return _about(case, history(self.source.book(case)), {one.report_sha256 for one in self.source.cases()})

    def worklist(self) -> list[tuple[Case, list[Decision]]]:
        """All cases, the worst first, each with the decisions about it."""
        cases = self.cases()
        there = {case.report_sha256 for case in cases}
        books = {case.key: self.source.book(case) for case in cases}
        by_name: dict[tuple[Path, str], list[Decision]] = {}
        for book in {book.path: book for book in books.values()}.values():
            for decision in history(book):
                by_name.setdefault((book.path, decision.subject.result), []).append(decision)
        named = ((case, by_name.get((books[case.key].path, case.name), [])) for case in cases)
        return [(case, _about(case, decisions, there)) for case, decisions in named]

    def decide(self, case: Case, given: Mapping[str, Any]) -> Decision:
        """Write a decision down.

        Raises
        ------
        InvalidRequest
            When the reader, the choice or the note can't be used.
        OutputFailed
            When it can't be written.
        """
        try:
            choice = Choice(str(given.get("choice")))
        except ValueError:
            raise InvalidRequest(f"choose one of {', '.join(Choice)}", field="choice") from None
        reader, note = str(given.get("reader") or ""), str(given.get("note") or "")
        made = decide(self.source.book(case), case.subject, reader, choice, note)
        self._on_decision(case, made)
        return made

    def take_back(self, reader: str, case: Case) -> Decision | None:
        """Take the reader's last decision about a case back; None where none stands."""
        taken = take_back(self.source.book(case), reader, case.subject)
        if taken is not None:
            self._on_decision(case, taken)
        return taken

    def revision(self) -> str:
        """Changes whenever a case, what becomes of it, or a decision does."""
        cases = tuple((case.key, case.report_sha256, self.source.fate(case)) for case in self.source.cases())
        return f"{hash(cases) & 0xFFFFFFFF:x}." + ".".join(str(revision(book)) for book in self.source.books())


def _about(case: Case, decisions: Iterable[Decision], there: Collection[str]) -> list[Decision]:
    """Those about a case or one that was there before it; none about another result that is there under its name."""
    return [
        one
        for one in decisions
        if one.subject.result == case.name
        and (one.subject.report_sha256 == case.report_sha256 or one.subject.report_sha256 not in there)
    ]
