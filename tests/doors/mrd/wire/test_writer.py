"""What is written, the format's own package reads."""

from __future__ import annotations

import io

import numpy as np
from ismrmrd.serialization import ProtocolDeserializer

from recon.doors.mrd.wire import Close, ConfigFile, NDArray, Text
from tests.doors.mrd.wire.samples import acquisition, image, waveform, written


def test_the_formats_own_package_reads_what_is_written() -> None:
    sent = [acquisition(2, 6, 3), image("<f4"), waveform(), NDArray(np.arange(6, dtype="<f4").reshape(2, 3))]
    data = io.BytesIO(written(ConfigFile("mr"), Text("hello"), *sent, Close()))
    config, text, acq, img, wave, array = ProtocolDeserializer(data).deserialize()
    assert (config, text.rstrip("\0")) == ("mr", "hello")
    assert np.array_equal(acq.data, sent[0].samples[0])
    assert np.array_equal(acq.traj, sent[0].trajectories[0])
    assert (acq.idx.slice, list(acq.position)) == (7, [1, 2, 3])
    assert np.array_equal(img.data, sent[1].values)
    assert img.attribute_string == sent[1].attributes
    assert np.array_equal(wave.data, sent[2].values)
    assert np.array_equal(array, sent[3].values)
