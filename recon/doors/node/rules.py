"""Rules: which series gets which task, and where its results go; the first that matches counts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from recon.doors.node.facts import Facts
from recon.doors.node.scans import problem_of


def _pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"no regular expression: {error}") from error
    return value


Pattern = Annotated[str, AfterValidator(_pattern)]
#: Conditions whose pattern must fit the whole value; the others may fit a part of it.
_WHOLE = ("called", "calling", "modality")


class When(BaseModel):
    """Conditions, all of which must hold; regular expressions, capitals don't matter.

    Attributes
    ----------
    called, calling
        AE titles, whole.
    modality
        Whole, such as ``CT``.
    description, protocol, study, kernel, body_part, manufacturer, model
        Some part of SeriesDescription, ProtocolName, StudyDescription, ConvolutionKernel, BodyPartExamined,
        Manufacturer, ManufacturerModelName.
    image_type
        Some part of ImageType, whose values stand with backslashes between them.
    most_ctdi_mgy
        CTDIvol of the series is known and at most this, mGy.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    called: Pattern | None = None
    calling: Pattern | None = None
    modality: Pattern | None = None
    description: Pattern | None = None
    protocol: Pattern | None = None
    study: Pattern | None = None
    image_type: Pattern | None = None
    kernel: Pattern | None = None
    body_part: Pattern | None = None
    manufacturer: Pattern | None = None
    model: Pattern | None = None
    most_ctdi_mgy: float | None = Field(None, gt=0)

    @property
    def given(self) -> dict[str, Any]:
        """The conditions that there are."""
        return {name: value for name in type(self).model_fields if (value := getattr(self, name)) is not None}


class Rule(BaseModel):
    """One rule.

    Attributes
    ----------
    name
        For ledger and logs.
    when
        Which series it is for.
    task
        Such as ``ct``; without one the series is only passed on.
    role
        Of a task that takes several scans, such as ``contrast``: which of them the series is.
    options
        Of the task, such as ``strength: 0.8`` or ``strength: auto``.
    to
        Destinations of results that PASS, and of those that REVIEW where neither ``review_to`` nor ``hold_review``
        says otherwise.
    review_to
        Destinations of results with verdict REVIEW. REJECT goes nowhere.
    hold_review
        Results with verdict REVIEW go to ``to`` when a reader has accepted them on the readers' page, not before;
        what ``review_to`` names, such as the archive that this reader looks at, has them at once.
    originals_to
        Destinations of what came in, untouched.
    priority
        ``urgent`` work is done first, ``off_peak`` work at night only.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, max_length=64)
    when: When = When()
    task: str | None = None
    role: str | None = None
    options: dict[str, bool | int | float | str] = Field(default_factory=dict)
    to: list[str] = Field(default_factory=list)
    review_to: list[str] | None = None
    hold_review: bool = False
    originals_to: list[str] = Field(default_factory=list)
    priority: Literal["urgent", "normal", "off_peak"] = "normal"

    @model_validator(mode="after")
    def _fits(self) -> Rule:
        problem = problem_of(self.task, self.role, self.options) if self.task is not None else ""
        if problem:
            raise ValueError(problem)
        if self.task is None and (self.to or self.review_to or self.options):
            raise ValueError("to, review_to and options go with a task; originals_to passes on what came in")
        if self.hold_review and not self.to:
            raise ValueError("hold_review holds back what goes to 'to', which is not there")
        if self.task is None and not self.originals_to:
            raise ValueError("has neither a task nor originals_to, so that it does nothing")
        return self

    @property
    def destinations(self) -> list[str]:
        """All that it names."""
        return [*self.to, *(self.review_to or []), *self.originals_to]

    def results_to(self, verdict: str) -> list[str]:
        """Where results with a verdict go at once; nowhere unless they are PASS or REVIEW."""
        if verdict == "PASS":
            return self.to
        if verdict == "REVIEW":
            return self.review_to or ([] if self.hold_review or self.review_to is not None else self.to)
        return []

    def held_for(self, verdict: str) -> list[str]:
        """Where results with a verdict go when a reader has accepted them."""
        if verdict != "REVIEW" or not self.hold_review:
            return []
        return [name for name in self.to if name not in (self.review_to or [])]


class Otherwise(BaseModel):
    """What becomes of a series that no rule is for: passed on, or kept until it is cleaned away."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    originals_to: list[str] = Field(default_factory=list)


@dataclass(frozen=True)
class Condition:
    """One condition, and whether it holds.

    Attributes
    ----------
    name, wanted
        As in the file.
    found
        What the series has.
    holds
        Whether it fits.
    """

    name: str
    wanted: str
    found: str
    holds: bool


def conditions(when: When, facts: Facts) -> list[Condition]:
    """Every condition of a rule held against a series."""
    found = []
    for name, wanted in when.given.items():
        if name == "most_ctdi_mgy":
            dose = facts.ctdi_mgy
            shown = "unknown" if dose is None else f"{dose:g}"
            found.append(Condition(name, f"{wanted:g}", shown, dose is not None and dose <= wanted))
            continue
        value = getattr(facts, name)
        match = re.fullmatch if name in _WHOLE else re.search
        found.append(Condition(name, wanted, value, match(wanted, value, re.IGNORECASE) is not None))
    return found


def first_match(rules: Sequence[Rule], facts: Facts) -> Rule | None:
    """The rule that counts for a series; None when none is for it."""
    return next((rule for rule in rules if all(one.holds for one in conditions(rule.when, facts))), None)
