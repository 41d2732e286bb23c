"""What a session takes: every order of messages, every way in which a scanner can be wrong or leave."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recon.doors.mrd.noise import NoiseScans
from recon.doors.mrd.wire import Close, ConfigFile, ConfigText, Header, Image, NDArray, Text, encode, layout
from tests.doors.mrd.scans import (
    CALIBRATION,
    COILS,
    LAST_IN_SLICE,
    SHAPE,
    Scanner,
    header,
    identified,
    images,
    kspace,
    meta,
    noise,
    opened,
    parameters,
    readout,
    scan,
    simple_scan,
    slice_readouts,
    texts,
)
from tests.engine.streams import eventually


@pytest.mark.parametrize(
    ("config", "said", "used"),
    [
        ("mr", {}, ""),
        ("", {}, ""),
        ("openrecon", {"config": "l1-wavelet"}, "l1-wavelet"),
        ("unheard", {"config": "mr_unrolled"}, "mr_unrolled"),
        ("zero-filled", {"config": "mr", "customconfig": "l1-wavelet"}, "l1-wavelet"),
        ("unrolled", {"customconfig": ""}, "mr_unrolled"),
    ],
)
def test_the_configuration_names_the_method_or_leaves_it_to_the_service(door, client, config, said, used) -> None:
    first, second, *rest = simple_scan(1, config)
    answers = scan(door, [first, second, *([parameters(**said)] if said else []), *rest])
    assert len(images(answers, 99)) == 1
    assert client.names == [used]


@pytest.mark.parametrize("first", [ConfigFile("Generic_Cartesian_Grappa.xml"), ConfigText("<configuration/>")])
def test_an_unknown_configuration_is_answered_with_what_there_is(door, first) -> None:
    answers = scan(door, [first, *simple_scan(1)[1:]])
    (words,) = texts(answers, "ERR")
    assert "mr_unrolled" in words
    assert "l1-wavelet" in words
    assert not images(answers)


def test_an_impossible_value_is_named(door) -> None:
    first, second, *rest = simple_scan(1)
    assert "pixels" in texts(scan(door, [first, second, parameters(pixels="int12"), *rest]), "ERR")[0]


def test_unknown_parameters_are_said_and_do_not_stop_the_scan(door) -> None:
    first, second, *rest = simple_scan(1)
    answers = scan(door, [first, second, parameters(options="roi"), *rest])
    assert "options" in texts(answers, "WRN")[0]
    assert images(answers)


@pytest.mark.parametrize(
    ("messages", "words"),
    [
        ([ConfigFile("mr"), Header(b"Dummy XML header"), *slice_readouts()], "no usable ISMRMRD header"),
        ([ConfigFile("mr"), *slice_readouts()], "before a header"),
        ([*simple_scan(1), header()], "a header came after"),
        ([*simple_scan(1), ConfigFile("mr")], "a configuration came after"),
        ([*simple_scan(1), b"\xfb\x03" + b"x" * 100], "id 1019, dependency query"),
        ([*simple_scan(1), b"\x39\x30" + b"x" * 100], "unknown id 12345"),
        ([ConfigFile("mr"), header()], "before any data"),
        ([ConfigFile("contrast"), header(), *slice_readouts()], "takes images"),
    ],
)
def test_what_is_wrong_is_said_by_name_then_the_door_closes(door, messages, words) -> None:
    assert any(words in text for text in texts(scan(door, messages), "ERR"))


def test_a_query_that_closes_without_a_header_is_no_error(door) -> None:
    answers = scan(door, [ConfigFile("mr")])
    assert texts(answers, "WRN")
    assert not texts(answers, "ERR")


def test_waveforms_and_arrays_are_passed_over(door) -> None:
    answers = scan(door, [*simple_scan(1), NDArray(np.zeros((2, 2), "<f4"))])
    assert images(answers)
    assert "NDARRAY" in texts(answers, "WRN")[0]


def test_a_stream_without_close_is_finished_and_marked(door) -> None:
    answers = scan(door, [*simple_scan(1), *list(slice_readouts(1))[:-3]], close=False)
    whole, part = images(answers, 99)
    assert meta(whole)["ImageComment"] == "PASS"
    assert "may be missing" in meta(part)["ImageComment"]
    assert texts(answers, "WRN the stream ended without a close")


def test_a_stream_that_ends_within_a_message_gives_what_was_measured(door) -> None:
    answers = scan(door, [*simple_scan(1), *list(slice_readouts(1))[:-3], b"\xf0\x03abc"], close=False)
    assert len(images(answers, 99)) == 2
    assert "ended within message" in texts(answers, "ERR")[0]


def test_more_than_may_be_held_is_refused(client) -> None:
    with opened(client, held_bytes=20 * COILS * SHAPE[0] * 8) as door:
        assert "at most" in texts(scan(door, simple_scan(1)), "ERR")[0]


def test_finished_slices_make_room(client) -> None:
    with opened(client, held_bytes=40 * COILS * SHAPE[0] * 8) as door:
        assert len(images(scan(door, simple_scan(6)), 99)) == 6


def test_noise_of_an_earlier_session_is_used(door, client) -> None:
    answers = scan(door, [ConfigFile("mr"), header(before=identified("N1")), *noise()])
    assert "kept under N1" in texts(answers, "DBG noise scan")[0]
    assert not texts(answers, "ERR")
    scan(door, [ConfigFile("mr"), header(before=identified("S1", "N1")), *slice_readouts()])
    assert client.calls[-1].noise_std > 0
    scan(door, [ConfigFile("mr"), header(before=identified("S2")), *slice_readouts()])
    assert client.calls[-1].noise_std == 0


def test_noise_that_is_missing_is_said_at_once(door, client) -> None:
    began = time.monotonic()
    answers = scan(door, [ConfigFile("mr"), header(before=identified("S1", "N7")), *slice_readouts()])
    assert time.monotonic() - began < 4
    assert "N7" in texts(answers, "WRN")[0]
    assert images(answers)


def test_noise_that_is_still_coming_is_waited_for(client) -> None:
    scans = NoiseScans()
    with opened(client, noise=scans, idle_s=60) as door:
        first = Scanner(door)
        first.send(ConfigFile("mr"), header(before=identified("N2")), *noise(4))
        eventually(lambda: "N2" in scans._coming)
        second = Scanner(door)
        second.send(ConfigFile("mr"), header(before=identified("S1", "N2")), parameters(noiseWait=60))
        second.send(*slice_readouts(), Close())
        time.sleep(0.5)
        assert not client.calls
        first.send(*noise(4), Close())
        assert len(images(second.answers(), 99)) == 1
        assert client.calls[-1].noise_std > 0
        first.vanish()
        second.vanish()


def test_calibration_readouts_complete_an_undersampled_slice(door, client) -> None:
    data = kspace()
    limits = (
        "</encodingLimits><trajectory>cartesian</trajectory><parallelImaging><accelerationFactor>"
        "<kspace_encoding_step_1>2</kspace_encoding_step_1><kspace_encoding_step_2>1</kspace_encoding_step_2>"
        "</accelerationFactor><calibrationMode>separate</calibrationMode></parallelImaging></encoding>"
    )
    xml = header().xml.decode().replace("</encodingLimits><trajectory>cartesian</trajectory></encoding>", limits)
    image = [readout(data[:, :, line], line, LAST_IN_SLICE if line == 30 else 0) for line in range(0, 32, 2)]
    calibration = [readout(data[:, :, line], line, CALIBRATION) for line in range(10, 22)]
    scan(door, [ConfigFile("mr"), Header(xml.encode()), *image, *calibration])
    measured = client.calls[-1].load(0).mask.any(axis=1)
    assert measured.sum() == 16 + 6


def test_several_scanners_at_a_time(door) -> None:
    scanners = [Scanner(door) for _ in range(4)]
    for index in range(3):
        for scanner in scanners:
            scanner.send(*([ConfigFile("mr"), header()] if index == 0 else []), *slice_readouts(index))
    for scanner in scanners:
        scanner.send(Close())
    for scanner in scanners:
        found = images(scanner.answers(), 99)
        assert [int(image.head["slice"]) for image in found] == [0, 1, 2]
        scanner.vanish()


def test_a_scanner_too_many_is_told_so(client) -> None:
    with opened(client, sessions=1) as door:
        first = Scanner(door)
        first.send(ConfigFile("mr"), header(), *slice_readouts(0))
        while not isinstance(first.next(), Image):
            pass
        assert "try again later" in texts(scan(door, simple_scan(1)), "ERR")[0]
        first.send(Close())
        first.answers()
        first.vanish()


def test_a_silent_scanner_is_let_go(client) -> None:
    with opened(client, idle_s=0.5) as door:
        scanner = Scanner(door)
        scanner.send(*simple_scan(1))
        assert texts(scanner.answers(), "ERR the connection broke off")
        scanner.vanish()


def test_a_scanner_that_leaves_ends_what_is_made_for_it(client) -> None:
    client.gate.clear()
    with opened(client) as door:
        scanner = Scanner(door)
        scanner.send(*simple_scan(6))
        scanner.vanish()
        time.sleep(0.3)
        client.gate.set()
        assert len(images(scan(door, simple_scan(1)), 99)) == 1


def test_nothing_of_a_patient_is_in_the_log(door, caplog) -> None:
    patient = "<subjectInformation><patientName>Doe^Jane</patientName><patientID>4711</patientID></subjectInformation>"
    caplog.set_level("DEBUG")
    scan(door, [ConfigFile("mr"), header(before=patient + identified("secret-77")), *slice_readouts()])
    assert not any(word in caplog.text for word in ("Doe", "4711", "secret-77"))


_PARTS = st.sampled_from(
    [
        ConfigFile("mr"),
        ConfigText("mr"),
        header(),
        Header(b"<x/>"),
        Text("{}"),
        parameters(pixels="float32"),
        *list(slice_readouts(0))[-2:],
        *noise(1),
        NDArray(np.zeros(3, "<f4")),
        b"\xf0\x03",
        b"\0" * 7,
        Image.of(np.zeros((), layout.IMAGE_HEAD), "", np.zeros((1, 1, 2, 2), "<i2")),
    ]
)


@settings(max_examples=60)
@given(parts=st.lists(_PARTS, max_size=12), close=st.booleans())
def test_any_order_of_messages_is_answered_with_a_goodbye(door, parts, close) -> None:
    answers = scan(door, [*parts, Close()] if close else parts, close=False)
    assert all(isinstance(answer, Text | Image) for answer in answers)
    assert not [text for text in texts(answers) if "defect" in text]


@settings(max_examples=60)
@given(data=st.data())
def test_any_damage_to_a_scan_is_answered_with_words_and_a_goodbye(door, data) -> None:
    """Bits turned, bytes lost or put in anywhere, headers included: never silence, never a defect."""
    whole = bytearray(b"".join(bytes(part) for message in [*simple_scan(2), Close()] for part in encode(message)))
    size = readout(kspace()[:, :, 0]).nbytes + 342
    for _ in range(data.draw(st.integers(1, 4))):
        # mostly in what describes the samples, which damage does most to
        line = data.draw(st.integers(0, 2 * SHAPE[1] - 1))
        at = len(whole) - 2 - size * (line + 1) + data.draw(st.integers(0, 341))
        at = data.draw(st.sampled_from([at, data.draw(st.integers(0, len(whole) - 1))])) % len(whole)
        match data.draw(st.sampled_from(["turn", "turn", "cut", "put"])):
            case "turn":
                whole[at] ^= 1 << data.draw(st.integers(0, 7))
            case "cut":
                del whole[at : at + data.draw(st.integers(1, 400))]
            case "put":
                whole[at:at] = data.draw(st.binary(max_size=40))
    answers = scan(door, [bytes(whole)], close=False)
    assert texts(answers)
    assert not [text for text in texts(answers) if "defect" in text]
