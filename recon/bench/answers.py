"""Whether each answer is the right one: status, number of slices, and every pixel."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from recon.bench.observation import OK, Observation


class Answers:
    """Remembers the first answer to each input and holds all others against it.

    Errors, missing slices and wrong pixels are no latencies: a server that fails fast is not fast.
    """

    def __init__(self) -> None:
        self._first: dict[tuple[str, int, int], str] = {}
        self.problems: Counter[str] = Counter()

    def judge(self, route: str, slices: int, found: Observation) -> Observation:
        """The observation with what is wrong about it."""
        problem = self._problem(route, slices, found)
        if problem:
            self.problems[f"{route}: {problem}"] += 1
        return replace(found, problem=problem)

    def _problem(self, route: str, slices: int, found: Observation) -> str:
        if found.status != OK:
            return f"status {found.status}"
        if found.slices != slices:
            return f"{found.slices} of {slices} slices"
        if found.done_s < found.sent_s or not (found.first_s is None or found.sent_s <= found.first_s <= found.done_s):
            return "answered before it was asked"
        first = self._first.setdefault((route, found.item, slices), found.digest)
        if found.digest != first:
            return "pixels differ from the first answer"
        return ""

    def same_for_all_inputs(self, route: str) -> bool:
        """Whether different inputs got one and the same answer, which no working network gives."""
        digests = [d for (name, _, _), d in self._first.items() if name == route]
        items = {item for name, item, _ in self._first if name == route}
        return len(items) > 1 and len(set(digests)) < len(items)

    def digest(self, route: str, item: int, slices: int) -> str | None:
        """First answer of a route to an input."""
        return self._first.get((route, item, slices))
