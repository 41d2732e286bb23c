"""Both scans go out whole, before contrast first."""

from __future__ import annotations

import numpy as np

from recon.tasks.contrast.series import ContrastSeries
from recon.v1 import contrast_pb2
from recon.volumes import Geometry, Volume


def scan(slices: int, rows: int, columns: int) -> Volume:
    values = np.random.default_rng(slices).random((slices, rows, columns)).astype(np.float32)
    return Volume(values, Geometry.from_spacing(1, 1, 2))


def test_each_scan_arrives_in_its_own_matrix() -> None:
    pre, low = scan(3, 8, 10), scan(2, 6, 7)
    series = ContrastSeries(pre, low, "name", "model", "4", dose_fraction=0.25, probes="off")
    header, *chunks = (
        contrast_pb2.SynthesizeRequest.FromString(message.SerializeToString()) for message in series.messages()
    )
    said = header.header
    assert (said.slices, said.rows, said.columns) == (3, 8, 10)
    assert (said.low_slices, said.low_rows, said.low_columns) == (2, 6, 7)
    assert (said.dose_fraction, said.model, said.model_version) == (0.25, "model", "4")
    places = [(message.chunk.input, message.chunk.slice_index) for message in chunks]
    assert places == [("pre", 0), ("pre", 1), ("pre", 2), ("low", 0), ("low", 1)]
    for message in chunks:
        volume = pre if message.chunk.input == "pre" else low
        found = np.frombuffer(message.chunk.data, "<f4").reshape(volume.shape[1:])
        np.testing.assert_array_equal(found, volume.values[message.chunk.slice_index])


def test_a_stream_that_broke_off_begins_again() -> None:
    series = ContrastSeries(scan(2, 8, 8), scan(2, 8, 8))
    assert not series.resumable
    assert series.slices == 2
    assert len(list(series.messages(1))) == len(list(series.messages()))
