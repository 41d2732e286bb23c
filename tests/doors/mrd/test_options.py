"""What a console asks for is taken as it is meant, and what cannot be meant is named with what there is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recon.doors.mrd.options import PARAMETERS, SessionOptions, options_of, parameters_of
from recon.errors import InvalidRequest, ReconError

SERVED = ("mr_unrolled", "sense", "zero-filled")


@pytest.mark.parametrize(
    ("config", "task", "model"),
    [
        ("mr", "mr", ""),
        ("", "mr", ""),
        ("default.xml", "mr", ""),
        ("sense", "mr", "sense"),
        ("unrolled", "mr", "mr_unrolled"),
        ("contrast", "contrast", ""),
        ("null", "null", ""),
    ],
)
def test_a_configuration_names_a_task_or_a_method(config: str, task: str, model: str) -> None:
    found = options_of(config, {}, SERVED)
    assert (found.task, found.model) == (task, model)


def test_the_consoles_own_configuration_counts_more() -> None:
    assert options_of("sense", {"config": "zero-filled"}, SERVED).model == "zero-filled"
    assert options_of("sense", {"config": "mr", "customconfig": "null"}, SERVED).task == "null"


def test_where_nothing_is_said_the_defaults_hold() -> None:
    assert options_of("mr", {}, SERVED) == SessionOptions()


@pytest.mark.parametrize(
    ("given", "name", "value"),
    [
        ({"uncertainty": "false"}, "uncertainty", False),
        ({"uncertainty": " ON "}, "uncertainty", True),
        ({"complexImages": True}, "complex_images", True),
        ({"pixels": "float32"}, "pixels", "float32"),
        ({"doseFraction": "0.25"}, "dose_fraction", 0.25),
        ({"noiseWait": 30}, "noise_wait_s", 30),
    ],
)
def test_switches_and_numbers_may_come_as_words(given: dict[str, Any], name: str, value: object) -> None:
    assert getattr(options_of("mr", given, SERVED), name) == value


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"config": "nothing"}, "there are mr, mr_unrolled, sense, zero-filled, contrast, null"),
        ({"uncertainty": "maybe"}, "true or false"),
        ({"pixels": "int8"}, "one of int16, float32"),
        ({"doseFraction": "2"}, "a number from 0.1 to 0.5"),
        ({"doseFraction": "nan"}, "a number from"),
        ({"noiseWait": "soon"}, "a number from 0 to 60"),
    ],
)
def test_what_can_not_be_meant_is_named(given: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidRequest, match=words):
        options_of("mr", given, SERVED)


def test_unknown_parameters_are_a_note() -> None:
    (note,) = options_of("mr", {"colour": "red", "shape": 1}, SERVED).notes
    assert note == "parameters that are not known here: colour, shape"


def test_parameters_are_an_object_in_json() -> None:
    assert parameters_of('{"parameters": {"pixels": "int16"}}') == {"pixels": "int16"}
    assert parameters_of("{}") == parameters_of("no JSON") == {}
    for wrong in ("[]", '{"parameters": 3}', "7"):
        with pytest.raises(InvalidRequest, match="no object"):
            parameters_of(wrong)


_VALUES = st.none() | st.booleans() | st.floats() | st.text(max_size=20)
_JSON = st.recursive(_VALUES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3))


@settings(max_examples=40)
@given(config=st.text(max_size=20), said=st.dictionaries(st.sampled_from([p.id for p in PARAMETERS]), _JSON))
def test_whatever_is_said_gives_options_or_an_error_of_ours(config: str, said: dict[str, Any]) -> None:
    try:
        word = options_of(config, parameters_of(json.dumps({"parameters": said})), SERVED).pixels
    except ReconError as error:
        word = error.problem
    assert word.isprintable()
