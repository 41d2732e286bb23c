"""Sessions: what comes back, and every way in which a scanner can be wrong or leave."""

from __future__ import annotations

import json
import time

import ismrmrd
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recon.doors.mrd.kept import Kept
from recon.doors.mrd.wire import Array, Close, ConfigFile, ConfigText, Header, Image, Text, layout
from recon.errors import UnusableData
from recon.quality.verdict import Verdict
from tests.doors.mrd.scans import (
    CALIBRATION,
    COILS,
    LAST_IN_SLICE,
    NOISE,
    SHAPE,
    FakeClient,
    Scanner,
    header,
    identified,
    images,
    kspace,
    opened,
    ramp,
    readout,
    root_sum_of_squares,
    scan,
    simple_scan,
    slice_readouts,
    texts,
)

RNG = np.random.default_rng(0)


@pytest.fixture
def client():
    return FakeClient()


@pytest.fixture
def door(client):
    with opened(client) as server:
        yield server


def parameters(**values: object) -> Text:
    return Text(json.dumps({"version": "1.1.0", "parameters": values}))


def meta(image: Image) -> ismrmrd.Meta:
    return ismrmrd.Meta.deserialize(image.attributes)


def values(image: Image) -> np.ndarray:
    return image.values[0, 0] * float(meta(image)["RescaleSlope"])


def noise(count: int = 8, coils: int = COILS):
    data = RNG.normal(size=(count, coils, 2 * SHAPE[0])).astype("<f4").view("<c8")
    return [readout(samples, flags=NOISE) for samples in data]


def test_images_come_back_as_integers_with_their_slope_place_and_verdict(door) -> None:
    answers = scan(door, simple_scan(3))
    found = images(answers, 99)
    assert [int(image.head["slice"]) for image in found] == [0, 1, 2]
    assert [int(image.head["image_index"]) for image in found] == [1, 2, 3]
    for index, image in enumerate(found):
        truth = root_sum_of_squares(index)
        assert image.values.dtype == np.int16
        assert 0 <= image.values.min() <= image.values.max() <= 4095
        np.testing.assert_allclose(values(image), truth, atol=truth.max() / 1000)
        head = image.head
        assert (head["version"], head["image_type"], head["acquisition_time_stamp"]) == (1, 1, 1000)
        assert list(head["matrix_size"]) == [*SHAPE, 1]
        assert list(head["field_of_view"]) == [*SHAPE, 4]
        assert list(head["position"]) == [np.float32(-20 + 4.25 * index), 3, 7]
        directions = [list(head[name]) for name in ("read_dir", "phase_dir", "slice_dir")]
        assert directions == [[0, 1, 0], [0, 0, 1], [1, 0, 0]]
        said = meta(image)
        assert said["ImageComment"] == "PASS"
        assert said["Keep_image_geometry"] == "1"
        assert [float(x) for x in said["ImageRowDir"]] == [0, 1, 0]
    assert texts(answers, "DBG images: 3 PASS")
    assert not texts(answers, "ERR")


def test_the_interval_is_a_series_of_its_own_in_the_unit_of_the_image(door) -> None:
    found = images(scan(door, simple_scan(2)), 100)
    assert len(found) == 2
    for image in found:
        np.testing.assert_allclose(values(image), 0.25, rtol=1e-3)
        assert "Quantitative" in meta(image)["DataRole"]


@pytest.mark.parametrize("off", ["False", "false", False, "0"])
def test_a_console_can_do_without_the_interval_and_ask_for_floats(door, off) -> None:
    first, second, *rest = simple_scan(1)
    answers = scan(door, [first, second, parameters(uncertainty=off, pixels="float32"), *rest])
    (image,) = images(answers)
    assert image.values.dtype == np.float32
    np.testing.assert_allclose(image.values[0, 0], root_sum_of_squares(), rtol=1e-3, atol=1e-3)


def test_complex_images_are_a_series_of_their_own_where_the_method_knows_a_phase(door) -> None:
    def asked(config: str):
        first, second, *rest = simple_scan(1, config)
        return scan(door, [first, second, parameters(complexImages="true"), *rest])

    (image,) = [image for image in images(asked("l1-wavelet")) if image.head["image_type"] == 5]
    assert image.values.dtype == np.complex64
    assert image.head["image_series_index"] == 101
    truth = root_sum_of_squares()
    np.testing.assert_allclose(np.abs(image.values[0, 0]), truth, rtol=1e-3, atol=1e-3)
    inside = truth > 0.1 * truth.max()
    np.testing.assert_allclose(np.angle(image.values[0, 0])[inside], ramp(SHAPE).T[inside], atol=1e-3)
    answers = asked("zero-filled")
    assert len(images(answers)) == 2
    assert texts(answers, "DBG this method knows no phase")


def test_an_image_is_back_before_the_next_slice_is_measured(door) -> None:
    scanner = Scanner(door)
    scanner.send(ConfigFile("mr"), header(), *slice_readouts(0))
    while not isinstance(scanner.next(), Image):
        pass
    scanner.send(*slice_readouts(1), Close())
    assert len(images(scanner.answers(), 99)) == 1
    scanner.vanish()


def test_slices_without_flags_are_made_at_the_end(door) -> None:
    answers = scan(door, simple_scan(2, flagged=False))
    assert len(images(answers, 99)) == 2


def test_contrasts_repetitions_sets_and_phases_keep_their_places(door) -> None:
    counters = [{"contrast": 1}, {"repetition": 2}, {"set": 1}, {"phase": 3}]
    messages = [ConfigFile("mr"), header()]
    for some in counters:
        messages += slice_readouts(0, **some)
    for image, some in zip(images(scan(door, messages), 99), counters, strict=True):
        wanted = {"contrast": 0, "repetition": 0, "set": 0, "phase": 0, **some}
        assert {name: int(image.head[name]) for name in wanted} == wanted


def test_a_slab_comes_back_partition_by_partition(door) -> None:
    depth = 6
    volume = np.stack([kspace(z) for z in range(depth)])
    encoded = np.fft.fftshift(np.fft.fft(np.fft.ifftshift(volume, 0), axis=0, norm="ortho"), 0)
    messages = [ConfigFile("mr"), header(z=depth, depth=12, limits=(
        "<kspace_encoding_step_2><minimum>0</minimum><maximum>5</maximum><center>3</center></kspace_encoding_step_2>"
    ))]  # fmt: skip
    for z in range(depth):
        for line in range(SHAPE[1]):
            messages.append(readout(encoded[z, :, :, line], line, kspace_encode_step_2=z))
    found = images(scan(door, messages), 99)
    assert [int(image.head["slice"]) for image in found] == list(range(depth))
    for z, image in enumerate(found):
        truth = root_sum_of_squares(z)
        np.testing.assert_allclose(values(image), truth, atol=truth.max() / 500)
        assert image.head["field_of_view"][2] == 2
        np.testing.assert_allclose(image.head["position"], [-20 + 2 * (z - 3), 3, 7], atol=1e-5)


def test_averages_are_one_image(door) -> None:
    limits = "<average><minimum>0</minimum><maximum>1</maximum><center>0</center></average>"
    messages = [ConfigFile("mr"), header(limits=limits)]
    for average, gain in enumerate((0.5, 1.5)):
        messages += slice_readouts(0, data=kspace() * gain, average=average)
    (image,) = images(scan(door, messages), 99)
    truth = root_sum_of_squares()
    np.testing.assert_allclose(values(image), truth, atol=truth.max() / 1000)
    assert image.head["average"] == 0


def test_review_and_reject_are_said_and_marked(door, client) -> None:
    client.judge = lambda image: Verdict.REVIEW if image.max() < 1.5 * root_sum_of_squares().max() else Verdict.REJECT
    answers = scan(door, simple_scan(2))
    review, reject = images(answers, 99)
    assert meta(review)["ImageComment"].startswith("REVIEW; brightness")
    assert meta(reject)["ImageComment"].startswith("REJECT; brightness")
    assert texts(answers, "WRN slice 0: REVIEW; brightness")
    assert texts(answers, "ERR slice 1: REJECT; brightness")


def test_rejected_images_can_be_withheld(door, client) -> None:
    client.judge = lambda image: Verdict.REJECT
    first, second, *rest = simple_scan(1)
    answers = scan(door, [first, second, parameters(withholdRejected="true"), *rest])
    assert not images(answers)
    assert texts(answers, "ERR slice 0: REJECT")
    assert texts(answers, "WRN slice 0: withheld")


def test_brightness_far_beyond_the_first_slice_is_not_clipped(door) -> None:
    messages = [ConfigFile("mr"), header()]
    for index, gain in enumerate((1e-6, 1e-3, 1e-6)):
        messages += slice_readouts(index, data=kspace() * np.float32(gain))
    for image, gain in zip(images(scan(door, messages), 99), (1e-6, 1e-3, 1e-6), strict=True):
        assert image.values.max() <= 4095
        truth = root_sum_of_squares() * gain
        step = float(meta(image)["RescaleSlope"])
        np.testing.assert_allclose(values(image), truth, atol=truth.max() / 1000 + step)


@pytest.mark.parametrize(
    ("config", "said", "used"),
    [
        ("mr", {}, ""), ("", {}, ""), ("openrecon", {"config": "l1-wavelet"}, "l1-wavelet"),
        ("unheard", {"config": "mr_unrolled"}, "mr_unrolled"), ("zero-filled", {"config": "mr", "customconfig":
        "l1-wavelet"}, "l1-wavelet"), ("unrolled", {"customconfig": ""}, "mr_unrolled"),
    ],
)  # fmt: skip
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
)  # fmt: skip
def test_what_is_wrong_is_said_by_name_then_the_door_closes(door, messages, words) -> None:
    assert any(words in text for text in texts(scan(door, messages), "ERR"))


def test_a_query_that_closes_without_a_header_is_no_error(door) -> None:
    answers = scan(door, [ConfigFile("mr")])
    assert texts(answers, "WRN")
    assert not texts(answers, "ERR")


def test_one_bad_slice_does_not_cost_the_others(door) -> None:
    bad = kspace(1)
    bad[0, 3, 3] = np.nan
    messages = [ConfigFile("mr"), header(), *slice_readouts(0), *slice_readouts(1, data=bad), *slice_readouts(2)]
    answers = scan(door, messages)
    assert [int(image.head["slice"]) for image in images(answers, 99)] == [0, 2]
    assert "slice 1" in texts(answers, "ERR")[0]
    assert "NaN" in texts(answers, "ERR")[0]


def test_coils_that_change_within_a_slice_are_an_error_of_that_slice(door) -> None:
    changed = list(slice_readouts(1))
    changed[5] = readout(kspace(1, 2)[:, :, 5], 5, slice=1)
    answers = scan(door, [ConfigFile("mr"), header(), *slice_readouts(0), *changed])
    assert len(images(answers, 99)) == 1
    assert "coils" in texts(answers, "ERR slice 1")[0]


def test_failures_of_the_service_are_said(door, client) -> None:
    client.failure = UnusableData("the service can't use this")
    assert "can't use this" in texts(scan(door, simple_scan(1)), "ERR")[0]
    client.failure = ZeroDivisionError("oops")
    assert "a defect of the service (ZeroDivisionError: oops)" in texts(scan(door, simple_scan(1)), "ERR")[0]


def test_waveforms_and_arrays_are_passed_over(door) -> None:
    answers = scan(door, [*simple_scan(1), Array(np.zeros((2, 2), "<f4"))])
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


def test_readouts_after_the_last_of_a_slice_make_it_again(door) -> None:
    lines = list(slice_readouts(0))
    early = readout(lines[9].samples, 9, LAST_IN_SLICE, slice=0)
    answers = scan(door, [ConfigFile("mr"), header(), *lines[:9], early, *lines[10:], *slice_readouts(1)])
    first, *_, again = sorted(images(answers, 99), key=lambda image: (int(image.head["slice"]) == 0, 0))[-2:]
    truth = root_sum_of_squares()
    assert np.abs(values(first) - truth).max() > truth.max() / 20
    np.testing.assert_allclose(values(again), truth, atol=truth.max() / 500)
    assert "replaces the earlier image" in meta(again)["ImageComment"]


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


def test_noise_that_is_still_coming_is_waited_for(door, client) -> None:
    first = Scanner(door)
    first.send(ConfigFile("mr"), header(before=identified("N2")), *noise(4))
    first.socket.settimeout(0.3)
    second = Scanner(door)
    second.send(ConfigFile("mr"), header(before=identified("S1", "N2")), *slice_readouts(), Close())
    time.sleep(0.5)
    assert not client.calls
    first.send(*noise(4), Close())
    first.socket.settimeout(10)
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


def test_results_for_a_scanner_that_left_are_kept_and_fetched(client, tmp_path) -> None:
    client.gate.clear()
    with opened(client, Kept(tmp_path / "kept")) as door:
        scanner = Scanner(door)
        scanner.send(*simple_scan(3), Close())
        scanner.vanish()
        time.sleep(0.3)
        client.gate.set()
        for _ in range(100):
            listed = texts(scan(door, [ConfigFile("fetch")]), "DBG session")[1:]
            if listed:
                break
            time.sleep(0.1)
        assert "6 images, not delivered" in listed[0]
        name = listed[0].split()[2].rstrip(":")
        answers = scan(door, [ConfigFile("fetch"), parameters(session=name)])
        assert [int(image.head["slice"]) for image in images(answers, 99)] == [0, 1, 2]
        truth = root_sum_of_squares(1)
        np.testing.assert_allclose(values(images(answers, 99)[1]), truth, atol=truth.max() / 1000)
        assert texts(scan(door, [ConfigFile("fetch"), parameters(session="../../etc")]), "ERR no session")
        assert len(texts(scan(door, [ConfigFile("fetch")]), "DBG session")[1:]) == 1  # fetching keeps nothing again


def test_results_that_arrived_count_as_delivered(client, tmp_path) -> None:
    with opened(client, Kept(tmp_path / "kept")) as door:
        scan(door, simple_scan(1))
        for _ in range(100):
            listed = texts(scan(door, [ConfigFile("fetch")]), "DBG session")[1:]
            if listed:
                break
            time.sleep(0.1)
        assert "2 images, delivered" in listed[0]


def test_fetching_where_nothing_is_kept_is_refused(door) -> None:
    assert "--keep" in texts(scan(door, [ConfigFile("fetch")]), "ERR")[0]


def test_nothing_of_a_patient_is_in_the_log(door, caplog) -> None:
    patient = "<subjectInformation><patientName>Doe^Jane</patientName><patientID>4711</patientID></subjectInformation>"
    caplog.set_level("DEBUG")
    scan(door, [ConfigFile("mr"), header(before=patient + identified("secret-77")), *slice_readouts()])
    assert not any(word in caplog.text for word in ("Doe", "4711", "secret-77"))


def test_images_come_back_as_they_are(door) -> None:
    pictures = [
        Image.of(np.zeros((), layout.IMAGE_HEAD), "", RNG.normal(size=(1, 1, 4, 5)).astype(dtype))
        for dtype in ("<i2", "<f4", "<c8")
    ]
    answers = scan(door, [ConfigFile("null"), Header(b"Dummy XML header"), *pictures])
    for sent, back in zip(pictures, images(answers), strict=True):
        assert np.array_equal(sent.values, back.values)


_PARTS = st.sampled_from([
    ConfigFile("mr"), ConfigText("mr"), header(), Header(b"<x/>"), Text("{}"), parameters(pixels="float32"),
    *list(slice_readouts(0))[-2:], *noise(1), Array(np.zeros(3, "<f4")), b"\xf0\x03", b"\0" * 7,
    Image.of(np.zeros((), layout.IMAGE_HEAD), "", np.zeros((1, 1, 2, 2), "<i2")),
])  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(_PARTS, max_size=12), close=st.booleans())
def test_any_order_of_messages_is_answered_with_a_goodbye(door, parts, close) -> None:
    answers = scan(door, [*parts, Close()] if close else parts, close=False)
    assert all(isinstance(answer, Text | Image) for answer in answers)
    assert not [text for text in texts(answers) if "defect" in text]
