"""A series goes out as a header and its slices; a survey goes ahead; what is left goes on where it broke off."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from recon.errors import InvalidRequest
from recon.quality.interval import calibrated
from recon.tasks.ct.series import CtSeries
from recon.v1 import common_pb2, ct_pb2
from recon.values.result import ModelIdentity
from recon.volumes import Geometry, Volume

VALUES = np.arange(12 * 16 * 16, dtype=np.float32).reshape(12, 16, 16)


def volume(*, whole: bool = True, slices: int = 12) -> Volume:
    return Volume(VALUES[:slices] + (0 if whole else 0.25), Geometry.from_spacing(1, 1, 3), whole_numbers=whole)


def sent(series: CtSeries, *given: Any) -> tuple[Any, list[Any]]:
    """Header and chunks."""
    messages = [ct_pb2.DenoiseRequest.FromString(message.SerializeToString()) for message in series.messages(*given)]
    assert messages[0].WhichOneof("part") == "header"
    return messages[0].header, [message.chunk for message in messages[1:]]


@pytest.mark.parametrize(
    ("whole", "dtype", "kind"),
    [(True, "<i2", common_pb2.SAMPLE_TYPE_INT16), (False, "<f4", common_pb2.SAMPLE_TYPE_FLOAT32)],
)
def test_all_slices_arrive_as_they_are(whole: bool, dtype: str, kind: int) -> None:
    given = volume(whole=whole)
    header, chunks = sent(CtSeries(given, "name", "model", "3", strength=0.5))
    assert (header.series_name, header.model, header.model_version) == ("name", "model", "3")
    assert (header.slices, header.rows, header.columns, header.strength) == (12, 16, 16, 0.5)
    assert header.sample_type == kind
    assert [chunk.slice_index for chunk in chunks] == list(range(12))
    found = np.stack([np.frombuffer(chunk.data, dtype).reshape(16, 16) for chunk in chunks])
    np.testing.assert_array_equal(found, given.values)


def test_what_is_left_goes_to_the_model_that_made_the_first_part() -> None:
    model = ModelIdentity("other", "7", "ab", "0", calibrated(1.0))
    header, chunks = sent(CtSeries(volume()), 9, model)
    assert (header.slices, header.model, header.model_version) == (3, "other", "7")
    assert [chunk.slice_index for chunk in chunks] == [0, 1, 2]
    np.testing.assert_array_equal(np.frombuffer(chunks[0].data, "<i2").reshape(16, 16), VALUES[9])
    assert sent(CtSeries(volume()), 0, model)[0].model == ""


def test_a_survey_of_some_slices_goes_ahead_and_comes_once() -> None:
    series = CtSeries(volume(), strength="auto")
    header, chunks = sent(series)
    survey = [chunk for chunk in chunks if chunk.input == "survey"]
    assert header.auto_strength.surveyed == len(survey) > 0
    assert chunks[: len(survey)] == survey
    assert len(chunks) == 12 + len(survey)


def test_another_word_for_a_strength_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="auto"):
        CtSeries(volume(), strength="much")
