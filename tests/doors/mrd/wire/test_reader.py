"""Messages both ways, against the format's own package, and whatever bytes come."""

from __future__ import annotations

import io
import struct

import ismrmrd
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ismrmrd.serialization import ConfigFile as TheirConfigFile
from ismrmrd.serialization import ProtocolSerializer

from recon.doors.mrd.wire import Close, ConfigFile, Text, Truncated, layout
from recon.errors import InvalidRequest, ReconError
from tests.doors.mrd.wire.samples import EVERY, RNG, acquisition, read, same, written


def test_what_is_written_is_read_again() -> None:
    assert all(same(a, b) for a, b in zip(read(written(*EVERY)), EVERY, strict=True))


def test_what_the_formats_own_package_writes_is_read() -> None:
    data = io.BytesIO()
    theirs = ismrmrd.Acquisition.from_array(RNG.normal(size=(2, 8)).astype("c8"))
    picture = ismrmrd.Image.from_array(np.arange(12, dtype=np.uint16).reshape(3, 4), transpose=False)
    with ProtocolSerializer(data) as out:
        for item in (TheirConfigFile("mr"), "words", theirs, picture):
            out.serialize(item)
    config, text, acq, img, close = read(data.getvalue())
    assert (config, text, close) == (ConfigFile("mr"), Text("words"), Close())
    assert np.array_equal(acq.samples[0], theirs.data)
    assert np.array_equal(img.values, picture.data)


def test_a_nul_at_the_end_of_a_text_is_not_part_of_it() -> None:
    assert read(struct.pack("<HI", 5, 3) + b"ab\0" + written(Close())) == [Text("ab"), Close()]


def test_a_stream_without_close_ends() -> None:
    assert read(written(Text("a"))) == [Text("a")]


@pytest.mark.parametrize("message", EVERY[:-1], ids=lambda m: type(m).__name__)
def test_a_stream_that_ends_within_a_message_is_truncated(message) -> None:
    whole = written(message)
    for end in (1, 2, 5, len(whole) // 2, len(whole) - 1):
        with pytest.raises(Truncated):
            read(whole[:end])


@pytest.mark.parametrize("kind", [0, 6, 9, 1007, 1012, 1019, 1023, 65535])
def test_other_messages_are_refused_by_their_id(kind) -> None:
    with pytest.raises(InvalidRequest, match=str(kind)):
        read(struct.pack("<H", kind) + b"x" * 100)


@pytest.mark.parametrize("bit", [52, 53, 54, 55])
def test_compressed_samples_are_refused_by_name(bit) -> None:
    message = acquisition()
    message.heads["flags"] = 1 << bit
    with pytest.raises(InvalidRequest, match="compressed"):
        read(written(message))


def test_impossible_sizes_are_refused_before_they_come() -> None:
    head = np.zeros((), layout.IMAGE_HEAD)
    head["data_type"], head["channels"], head["matrix_size"] = 8, 65535, 65535
    for data in (
        struct.pack("<HI", 3, 2**32 - 1),
        struct.pack("<H", 1022) + head.tobytes() + struct.pack("<Q", 0),
        struct.pack("<H", 1022) + head.tobytes() + struct.pack("<Q", 2**63),
        struct.pack("<HHHHQQ", 1030, 5, 0, 2, 2**40, 2**40),
        struct.pack("<HHHH", 1030, 5, 0, 65535),
    ):
        with pytest.raises(InvalidRequest):
            read(data)


def read_or_refused(data: bytes) -> object:
    """The messages, or the words of an error of ours; any other exception is a failure."""
    try:
        return read(data)
    except ReconError as error:
        return error.problem


@settings(max_examples=300)
@given(st.data())
def test_any_damage_is_an_error_of_ours_or_messages(data) -> None:
    """Bits turned, bytes cut out or put in: never another exception, never a hang."""
    whole = bytearray(written(*EVERY))
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(whole) - 1))
        match data.draw(st.sampled_from(["turn", "cut", "put"])):
            case "turn":
                whole[at] ^= 1 << data.draw(st.integers(0, 7))
            case "cut":
                del whole[at : at + data.draw(st.integers(1, 400))]
            case "put":
                whole[at:at] = data.draw(st.binary(max_size=40))
        if not whole:
            return
    assert read_or_refused(bytes(whole))


@settings(max_examples=200)
@given(st.binary(max_size=600))
def test_any_bytes_are_an_error_of_ours_or_messages(data) -> None:
    assert read_or_refused(data) or not data
