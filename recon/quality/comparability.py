"""Whether two results may be compared: a change of method, sampling or scanner is none of the patient."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

#: In the record, and in words.
_WORDS = {
    "task": "task",
    "model": "model",
    "sha256": "weights of the model",
    "strength": "strength",
    "dose_fraction": "dose fraction",
    "matrix": "matrix",
    "spacing_mm": "spacing, mm",
    "sampling": "sampling",
    "scanner": "scanner settings",
}
#: Digits of a checksum that tell two apart.
_SHORTEST = 16
#: Relative, of numbers: headers round.
_SAME = 0.02


@dataclass(frozen=True)
class Comparison:
    """What two records say.

    Attributes
    ----------
    differences
        Why the results must not be compared, a sentence each; none where they may be.
    unknown
        What one or both do not say, which somebody should know before comparing.
    """

    differences: list[str]
    unknown: list[str]

    @property
    def comparable(self) -> bool:
        """Whether nothing that is known differs."""
        return not self.differences


def record(task: str, model: Mapping[str, Any], matrix: tuple[int, ...], known: Mapping[str, Any]) -> dict[str, Any]:
    """``comparability`` of ``report.json``: what must agree between two results; null where it is not known.

    Parameters
    ----------
    task
        Of the result.
    model
        ``name``, ``version`` and ``sha256``.
    matrix
        Slices, rows and columns.
    known
        What the task knows of ``strength``, ``dose_fraction``, ``spacing_mm``, ``sampling`` and ``scanner``.
    """
    name = f"{model['name']}:{model['version']}" if model else None
    own = {"task": task, "model": name, "sha256": model.get("sha256"), "matrix": list(matrix)}
    return {key: known.get(key, own.get(key)) for key in _WORDS}


def compare(
    before: Mapping[str, Any], after: Mapping[str, Any], needed: Mapping[str, str] = MappingProxyType({})
) -> Comparison:
    """Hold two records against each other.

    Parameters
    ----------
    before, after
        Made by :func:`record`.
    needed
        What both must say, and why; of anything else it is enough that they do not differ.
    """
    differences: list[str] = []
    unknown: list[str] = []
    for key, words in _WORDS.items():
        one, other = before.get(key), after.get(key)
        told = one is not None or other is not None
        if key == "sampling":
            one, other = _with_mask(one), _with_mask(other)
        if key == "scanner" and isinstance(one, Mapping) and isinstance(other, Mapping):
            for name in sorted({*one, *other}):
                _hold(name, one.get(name), other.get(name), differences, unknown)
        elif key == "sampling" and isinstance(one, Mapping) and isinstance(other, Mapping):
            differences += _sampling(one, other)
        elif key in needed and (one is None or other is None):
            differences.append(f"{words}: not known of {_which(one, other)}; {needed[key]}")
        elif key == "sha256" and isinstance(one, str) and isinstance(other, str):
            short = max(_SHORTEST, min(len(one), len(other)))  # DICOM headers keep the beginning alone
            _hold(words, one[:short], other[:short], differences, unknown)
        elif told or key == "scanner":
            _hold(words, one, other, differences, unknown)
    return Comparison(differences, unknown)


def _with_mask(sampling: Any) -> Any:
    """What is known of the sampling; without the mask that is nothing."""
    return sampling if isinstance(sampling, Mapping) and sampling.get("mask") else None


def _hold(words: str, one: Any, other: Any, differences: list[str], unknown: list[str]) -> None:
    if one is None or other is None:
        unknown.append(f"{words}: not known of {_which(one, other)}")
    elif not _same(one, other):
        differences.append(f"{words}: {_said(one)} and {_said(other)}")


def _which(one: Any, other: Any) -> str:
    return "either" if one is other else "the first" if one is None else "the second"


def _sampling(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Another mask makes changes where nothing has changed, also at the same acceleration."""
    if one.get("mask") == other.get("mask"):
        return []
    rates = [entry.get("acceleration") for entry in (one, other)]
    if rates[0] is not None and rates[1] is not None and _same(*rates):
        starts = [entry.get("first_line") for entry in (one, other)]
        where = f" (first line {starts[0]} and {starts[1]})" if starts[0] != starts[1] else ""
        return [
            f"sampling: other lines at the same acceleration{where}; what was left out differs, and looks like change"
        ]
    return [f"sampling: acceleration {_said(rates[0])} and {_said(rates[1])}"]


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(_same(a, b) for a, b in zip(one, other, strict=True))
    if isinstance(one, int | float) and isinstance(other, int | float):
        return math.isclose(one, other, rel_tol=_SAME, abs_tol=1e-9)
    return bool(one == other)


def _said(value: Any) -> str:
    if isinstance(value, list | tuple):
        return " x ".join(f"{entry:g}" for entry in value)
    return f"{value:g}" if isinstance(value, float) else str(value)[:48]
