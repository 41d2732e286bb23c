"""Do readers agree with each other, and with the verdict? That is how a site learns whether its limits are right."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from recon.reading.decisions import Choice, Decision
from recon.reading.intervals import Figure, resampled, share

_ORDER = list(Choice)
_VERDICTS = ("PASS", "REVIEW", "REJECT")


@dataclass(frozen=True)
class VerdictRow:
    """What readers made of the results of one verdict.

    Attributes
    ----------
    verdict
        Of the service.
    counts
        Decisions by choice.
    accepted
        Share that was accepted.
    """

    verdict: str
    counts: dict[str, int]
    accepted: Figure | None

    def to_json(self) -> dict[str, Any]:
        """As JSON."""
        return {"verdict": self.verdict, "counts": self.counts, "accepted": self.accepted and self.accepted.to_json()}


@dataclass(frozen=True)
class ReaderPair:
    """How two readers agree.

    Attributes
    ----------
    readers
        Their names.
    common
        Results that both decided.
    same
        Share of them with the same choice.
    kappa
        Cohen's kappa with linear weights, accept < look < reject (Cohen, Psychol Bull 70:213, 1968); None where all
        choices are one, since chance then explains everything.
    """

    readers: tuple[str, str]
    common: int
    same: Figure | None
    kappa: Figure | None

    def to_json(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "readers": list(self.readers),
            "common": self.common,
            "same": self.same and self.same.to_json(),
            "kappa": self.kappa and self.kappa.to_json(),
        }


def with_verdict(decisions: Iterable[Decision]) -> list[VerdictRow]:
    """A row for each verdict, the best first; of standing decisions."""
    counts = {verdict: dict.fromkeys(map(str, _ORDER), 0) for verdict in _VERDICTS}
    accepted: dict[str, dict[tuple[str, str], list[float]]] = {}
    for decision in decisions:
        verdict, of = decision.subject.verdict, (decision.subject.result, decision.subject.report_sha256)
        row = counts.setdefault(verdict, dict.fromkeys(map(str, _ORDER), 0))
        row[str(decision.choice)] += 1
        accepted.setdefault(verdict, {}).setdefault(of, []).append(float(decision.choice is Choice.ACCEPT))
    return [VerdictRow(name, row, _share_of(list(accepted.get(name, {}).values()))) for name, row in counts.items()]


def _share_of(results: Sequence[Sequence[float]]) -> Figure | None:
    """Several readers of one result are no several results: the interval is over results."""
    each = [float(np.mean(decided)) for decided in results]
    if all(len(decided) == 1 for decided in results) or sum(each) in (0, len(each)):
        return share(int(sum(each)), len(each))  # where all are accepted, drawing again would pretend to be sure
    return resampled(results, np.mean)


def between_readers(decisions: Iterable[Decision]) -> list[ReaderPair]:
    """A row for each pair of readers, by name; of standing decisions about the same report."""
    chosen: dict[str, dict[tuple[str, str], Choice]] = {}
    for decision in decisions:
        of = (decision.subject.result, decision.subject.report_sha256)
        chosen.setdefault(decision.reader, {})[of] = decision.choice
    found = []
    for one, other in combinations(sorted(chosen), 2):
        common = sorted(set(chosen[one]) & set(chosen[other]))
        pairs = [(_ORDER.index(chosen[one][of]), _ORDER.index(chosen[other][of])) for of in common]
        same = share(sum(a == b for a, b in pairs), len(pairs))
        found.append(ReaderPair((one, other), len(common), same, _kappa(pairs)))
    return found


def _kappa(pairs: Sequence[tuple[int, int]]) -> Figure | None:
    if len({choice for pair in pairs for choice in pair}) < 2:
        return None
    # a pair is one number, so that cases can be drawn again
    groups = [[float(3 * a + b)] for a, b in pairs]
    return resampled(groups, lambda drawn: weighted_kappa(drawn // 3, drawn % 3))


def weighted_kappa(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> float:
    """Cohen's kappa with linear weights of two readers' choices; NaN where chance explains everything."""
    apart = np.abs(one - other).mean()
    by_chance = np.abs(one[:, None] - other[None, :]).mean()
    return float("nan") if by_chance == 0 else float(1 - apart / by_chance)
