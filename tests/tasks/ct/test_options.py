"""What may be chosen for CT, and the lesion that must survive it."""

from __future__ import annotations

import pytest

from recon.quality.survival import Least, Lesion
from recon.tasks.ct.options import CtOptions
from recon.tasks.ct.probes import LEAST
from recon.tasks.options import options_of

OPTIONS = {option.name: option for option in options_of(CtOptions)}


def test_without_a_choice_the_lesion_is_the_tasks_own() -> None:
    assert CtOptions().required == LEAST


def test_the_lesion_is_the_one_that_was_chosen() -> None:
    chosen = CtOptions(lesion_mm=3.0, lesion_hu=40.0, lesion_kept=0.7)
    assert chosen.required == Least(Lesion(3.0, 40.0, LEAST.lesion.unit), 0.7)


@pytest.mark.parametrize("strength", [0.0, 0.5, 1, "auto"])
def test_strengths_that_there_are(strength: object) -> None:
    assert OPTIONS["strength"].problem(strength) == ""


@pytest.mark.parametrize(
    ("name", "value"), [("strength", 1.5), ("strength", "much"), ("probes", "some"), ("lesion_mm", 0.1)]
)
def test_values_that_can_not_be_chosen_have_a_reason(name: str, value: object) -> None:
    assert OPTIONS[name].problem(value)
