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
from ismrmrd.serialization import ProtocolDeserializer, ProtocolSerializer

from recon.doors.mrd.wire import (
    Block,
    Close,
    ConfigFile,
    ConfigText,
    Header,
    Image,
    NDArray,
    Text,
    Truncated,
    Waveform,
    encode,
    layout,
    read_messages,
)
from recon.errors import InvalidRequest, ReconError

RNG = np.random.default_rng(0)
META = ismrmrd.Meta({"DataRole": "Image"}).serialize()


def acquisition(coils: int = 3, samples: int = 5, dimensions: int = 0) -> Block:
    head = np.zeros((), layout.ACQUISITION_HEAD)
    head["version"], head["active_channels"], head["number_of_samples"] = 1, coils, samples
    head["trajectory_dimensions"], head["idx"]["slice"], head["position"] = dimensions, 7, (1, 2, 3)
    values = RNG.normal(size=(coils, samples, 2)).astype("<f4").view("<c8")[..., 0]
    path = RNG.normal(size=(samples, dimensions)).astype("<f4") if dimensions else None
    return Block.of_one(head, values, path)


def image(dtype: str = "<i2", attributes: str = META) -> Image:
    values = RNG.integers(0, 100, (2, 3, 4, 5)).astype(dtype)
    return Image.of(np.zeros((), layout.IMAGE_HEAD), attributes, values)


def waveform() -> Waveform:
    head = np.zeros((), layout.WAVEFORM_HEAD)
    head["channels"], head["number_of_samples"] = 2, 4
    return Waveform(head[()], RNG.integers(0, 100, (2, 4)).astype("<u4"))


EVERY = [
    ConfigFile("mr"),
    ConfigText("<x/>"),
    Header(b"<header/>"),
    Text('{"parameters": {}}'),
    acquisition(),
    acquisition(1, 4, 2),
    image(),
    image("<c8", ""),
    waveform(),
    NDArray(RNG.normal(size=(2, 3)).astype("<f4")),
    Close(),
]


def written(*messages: object) -> bytes:
    return b"".join(bytes(part) for message in messages for part in encode(message))  # type: ignore[arg-type]


def read(data: bytes) -> list[object]:
    return list(read_messages(io.BytesIO(data)))


def same(one: object, other: object) -> bool:
    return type(one) is type(other) and all(
        np.array_equal(a, b) if isinstance(a, np.ndarray) else a == b
        for a, b in zip(vars(one).values(), vars(other).values(), strict=True)
    )


def test_headers_have_the_sizes_and_offsets_of_the_format() -> None:
    head = layout.ACQUISITION_HEAD
    assert (head.itemsize, layout.IMAGE_HEAD.itemsize, layout.WAVEFORM_HEAD.itemsize) == (340, 198, 40)
    places = ("flags", "number_of_samples", "active_channels", "center_sample", "position", "idx")
    assert [head.fields[name][1] for name in places] == [2, 34, 38, 172, 182, 242]


def test_what_is_written_is_read_again() -> None:
    assert all(same(a, b) for a, b in zip(read(written(*EVERY)), EVERY, strict=True))


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


@settings(max_examples=300, deadline=None)
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


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=600))
def test_any_bytes_are_an_error_of_ours_or_messages(data) -> None:
    assert read_or_refused(data) or not data


@pytest.mark.parametrize("piece", [1, 7])
def test_a_source_that_gives_little_at_a_time(piece) -> None:
    data = io.BytesIO(written(*EVERY))

    class Slow:
        def readinto(self, buffer):
            return data.readinto(memoryview(buffer)[:piece])

    assert len(list(read_messages(Slow()))) == len(EVERY)


@pytest.mark.parametrize("dimensions", [0, 2])
def test_acquisitions_of_one_size_that_came_together_are_one_message(dimensions) -> None:
    some = [acquisition(4, 6, dimensions) for _ in range(5)]
    other = acquisition(2, 6)
    first, odd, last, close = read(written(*some[:3], other, *some[3:], Close()))
    assert (len(first), len(odd), len(last), close) == (3, 1, 2, Close())
    for block, single in zip([first[0:1], first[1:2], first[2:3], last[0:1], last[1:2]], some, strict=True):
        assert same(block, single)
    assert written(first) == written(*some[:3])


def test_memory_that_was_handed_out_is_not_written_again() -> None:
    sent = [acquisition(32, 512) for _ in range(200)]
    found = [block.samples[row] for block in read(written(*sent, Close()))[:-1] for row in range(len(block))]
    assert all(np.array_equal(a, b.samples[0]) for a, b in zip(found, sent, strict=True))
