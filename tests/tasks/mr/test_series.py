"""k-space goes out slice by slice as it is read; one that can't be read ends the stream and is not forgotten."""

from __future__ import annotations

import numpy as np

from recon.errors import UnreadableInput
from recon.quality.interval import calibrated
from recon.tasks.mr.sample import mr_kspace
from recon.tasks.mr.series import MrSeries
from recon.values.readouts import KSpace, Readouts
from recon.values.result import ModelIdentity
from recon.volumes import Geometry

MODEL = ModelIdentity("sense", "2", "ab", "0", calibrated(1.0))


def test_a_header_and_the_readouts_of_each_slice() -> None:
    header, *messages = MrSeries(mr_kspace(0, 3, 32, 2), "name", "sense", phase=True).messages()
    assert (header.header.slices, header.header.coils, header.header.samples) == (3, 2, 32)
    assert header.header.phase
    assert sorted({message.readouts.slice_index for message in messages}) == [0, 1, 2]
    last = [message.readouts.slice_index for message in messages if message.readouts.last_in_slice]
    assert last == [0, 1, 2]


def test_what_is_left_begins_at_its_slice_and_names_the_model() -> None:
    whole = list(MrSeries(mr_kspace(0, 3, 32, 2)).messages())
    header, *rest = MrSeries(mr_kspace(0, 3, 32, 2)).messages(2, MODEL)
    assert (header.header.slices, header.header.model, header.header.model_version) == (1, "sense", "2")
    assert [message.readouts.data for message in rest] == [
        message.readouts.data for message in whole[1:] if message.readouts.slice_index == 2
    ]
    assert {message.readouts.slice_index for message in rest} == {0}


def test_a_slice_that_can_not_be_read_ends_the_stream() -> None:
    def load(index: int) -> Readouts:
        if index == 1:
            raise UnreadableInput("slice 1 is damaged")
        return Readouts.of_grid(np.ones((2, 32, 32), np.complex64), np.ones((32, 32), bool))

    series = MrSeries(KSpace(3, 2, 32, 32, Geometry.from_spacing(1, 1, 1), load))
    assert series.failure() is None
    _, *messages = series.messages()
    assert {message.readouts.slice_index for message in messages} == {0}
    failure = series.failure()
    assert failure is not None
    assert failure.problem == "slice 1 is damaged"
