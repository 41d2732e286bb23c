from __future__ import annotations

from dataclasses import replace

import pytest

from recon.bench.answers import Answers
from recon.bench.observation import Observation

RIGHT = Observation(0, 1.0, 1.0, 1.5, 2.0, "OK", 2, "a", "", {})


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"status": "UNAVAILABLE"}, "status UNAVAILABLE"),
        ({"slices": 1}, "1 of 2 slices"),
        ({"first_s": 2.5}, "answered before it was asked"),
        ({"digest": "b"}, "pixels differ from the first answer"),
    ],
)
def test_what_is_wrong_with_an_answer_is_said_and_counted(wrong: dict[str, object], words: str) -> None:
    answers = Answers()
    assert answers.judge("way", 2, RIGHT).problem == ""
    assert answers.judge("way", 2, replace(RIGHT, **wrong)).problem == words  # type: ignore[arg-type]
    assert answers.problems == {f"way: {words}": 1}


def test_one_answer_to_different_inputs_is_noticed() -> None:
    answers = Answers()
    answers.judge("way", 2, RIGHT)
    assert not answers.same_for_all_inputs("way")
    answers.judge("way", 2, replace(RIGHT, item=1))
    assert answers.same_for_all_inputs("way")
