"""What comes back: images with their place, interval and verdict, and what is said of those that do not."""

from __future__ import annotations

import numpy as np
import pytest

from recon.doors.mrd.wire import Block, Close, ConfigFile, Header, Image, layout
from recon.errors import UnusableData
from recon.quality.verdict import Verdict, measure
from tests.doors.mrd.scans import (
    LAST_IN_SLICE,
    SHAPE,
    Scanner,
    header,
    images,
    kspace,
    meta,
    parameters,
    ramp,
    readout,
    root_sum_of_squares,
    scan,
    simple_scan,
    slice_readouts,
    texts,
    values,
)


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
    messages = [
        ConfigFile("mr"),
        header(
            z=depth,
            depth=12,
            limits=(
                "<kspace_encoding_step_2><minimum>0</minimum><maximum>5</maximum><center>3</center></kspace_encoding_step_2>"
            ),
        ),
    ]
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


def test_readouts_after_the_last_of_a_slice_make_it_again(door) -> None:
    lines = list(slice_readouts(0))
    early = readout(lines[9].samples[0], 9, LAST_IN_SLICE, slice=0)
    answers = scan(door, [ConfigFile("mr"), header(), *lines[:9], early, *lines[10:], *slice_readouts(1)])
    first, *_, again = sorted(images(answers, 99), key=lambda image: (int(image.head["slice"]) == 0, 0))[-2:]
    truth = root_sum_of_squares()
    assert np.abs(values(first) - truth).max() > truth.max() / 20
    np.testing.assert_allclose(values(again), truth, atol=truth.max() / 500)
    assert "replaces the earlier image" in meta(again)["ImageComment"]


def test_images_come_back_as_they_are(door) -> None:
    pictures = [
        Image.of(np.zeros((), layout.IMAGE_HEAD), "", np.random.default_rng(0).normal(size=(1, 1, 4, 5)).astype(dtype))
        for dtype in ("<i2", "<f4", "<c8")
    ]
    answers = scan(door, [ConfigFile("null"), Header(b"Dummy XML header"), *pictures])
    for sent, back in zip(pictures, images(answers), strict=True):
        assert np.array_equal(sent.values, back.values)


def test_what_only_the_whole_series_shows_counts_for_its_images(door, client) -> None:
    client.of_series = [
        measure("lost", 1.0, unit="", upper=0.0, message="lines were lost", action="measure them again")
    ]
    answers = scan(door, simple_scan(2))
    assert [meta(image)["ReconVerdict"] for image in images(answers, 99)] == [client.of_series[0].outcome.name] * 2
    assert len(texts(answers)) - len(texts(answers, "DBG")) == 2


def test_an_image_of_values_that_are_no_numbers_is_said_and_not_sent(door) -> None:
    huge = [Block(block.heads, block.samples * np.float32(1e30)) for block in slice_readouts(0)]
    answers = scan(door, [ConfigFile("mr"), header(), *huge, *slice_readouts(1)])
    assert [int(image.head["slice"]) for image in images(answers, 99)] == [1]
    assert "no numbers" in texts(answers, "ERR slice 0")[0]


@pytest.mark.parametrize(("asked", "probed"), [(None, {1}), ("all", {0, 1, 2}), ("off", set())])
def test_known_lesions_are_added_to_some_slices_of_the_scan(door, client, asked, probed) -> None:
    limits = "<slice><minimum>0</minimum><maximum>2</maximum><center>0</center></slice>"
    said = [parameters(probes=asked)] if asked else []
    scan(door, [ConfigFile("zero-filled"), header(limits=limits), *said, *simple_scan(3)[2:]])
    places = [kspace.geometry.affine @ (SHAPE[0] // 2, SHAPE[1] // 2, 0, 1) for kspace, _ in client.probes]
    numbers = [round((place[0] + 20) / 4.25) for place in places]  # several are made at a time
    assert sorted(numbers) == [0, 1, 2]
    assert {number for number, (_, probes) in zip(numbers, client.probes, strict=True) if probes != "off"} == probed
