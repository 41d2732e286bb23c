"""What the network says becomes an image with an interval."""

from __future__ import annotations

import numpy as np
import pytest

from recon.errors import UnusableData
from recon.tasks.ct.denoise import STEP_HU, denoise, fill, rounded
from recon.v1 import common_pb2
from recon.values.fixed_point import FixedPoint
from recon.wire.planes import image_plane
from tests.conftest import body
from tests.tasks.ct.outputs import output_of


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_samples_that_are_no_numbers_are_named(value: float) -> None:
    hu = body(64, 5)
    hu[3, 4] = value
    with pytest.raises(UnusableData, match="slice 7 has 1"):
        fill(hu, 7, np.empty((1, 1, 64, 64), np.float32))


def test_strength_goes_from_the_input_to_the_full_effect() -> None:
    hu, noise = body(128, 20), np.random.default_rng(0).normal(0, 5, (128, 128)).astype(np.float32)
    output = output_of(hu, noise)
    images = [denoise(hu, output, strength=s, factor=1.0).image for s in (0.0, 0.5, 1.0)]
    np.testing.assert_array_equal(images[0], hu)
    np.testing.assert_allclose(images[2], hu - noise, atol=STEP_HU / 2 + 1e-4)
    np.testing.assert_allclose(images[1], (images[0] + images[2]) / 2, atol=1e-4)


def test_the_interval_still_holds_at_lower_strength() -> None:
    """|truth - (full estimate)| <= w implies |truth - (weaker estimate)| <= w + (1-s)|noise|."""
    hu, noise = body(128, 20), np.random.default_rng(0).normal(0, 5, (128, 128)).astype(np.float32)
    full = denoise(hu, output_of(hu, noise), strength=1.0, factor=1.3)
    weak = denoise(hu, output_of(hu, noise), strength=0.3, factor=1.3)
    assert (weak.uncertainty >= full.uncertainty + np.abs(weak.image - full.image) - 1e-3).all()
    np.testing.assert_allclose(full.uncertainty, 13.0, rtol=1e-5)


def test_rounding_to_steps_costs_no_quality() -> None:
    """A uniform error of a step's width: 0.018 HU beside the 5 to 50 HU of noise that a network leaves or takes."""
    hu, noise = body(128, 20), np.random.default_rng(0).normal(0, 20, (128, 128)).astype(np.float32)
    error = denoise(hu, output_of(hu, noise), strength=1.0, factor=1.0).image - (hu - noise)
    assert abs(float(error.std()) - STEP_HU / 12**0.5) < 1e-3
    assert abs(float(error.mean())) < 1e-3


def test_padding_outside_the_field_of_view_is_left_alone() -> None:
    hu = body(128, 20)
    hu[:8] = -3024
    result = denoise(hu, output_of(hu, np.full((128, 128), 7, np.float32)), strength=1.0, factor=1.0)
    assert (result.image[:8] == -3024).all()
    assert (result.uncertainty[:8] == 0).all()


def test_widths_are_sent_as_the_network_said_them() -> None:
    """Whole steps, exact, and none outside of the field of view."""
    hu = np.rint(body(128, 20)).astype(np.int16)
    hu[:8] = -3024
    output = output_of(hu, np.full((128, 128), 7, np.float32))
    result = denoise(hu, output, strength=1.0, factor=1.3)
    assert isinstance(result.width, FixedPoint)
    assert result.width.step == 1.3 * STEP_HU
    np.testing.assert_array_equal(result.width.steps[8:], output[1, 8:128, :128])
    assert not result.width.steps[:8].any()
    assert output[1].all(), "what the network said is not written to"


@pytest.mark.parametrize(("strength", "width"), [(0.5, 10.0), (1.0, -10.0)])
def test_widths_that_are_no_steps_of_the_network_are_numbers(strength: float, width: float) -> None:
    hu = body(128, 20)
    result = denoise(hu, output_of(hu, np.zeros_like(hu), width), strength=strength, factor=1.0)
    assert not isinstance(result.width, FixedPoint)
    np.testing.assert_allclose(result.uncertainty, width)


def test_whole_numbers_and_floating_point_give_the_same_slice() -> None:
    whole = np.rint(body(128, 20)).astype(np.int16)
    output = output_of(whole, np.random.default_rng(0).normal(0, 9, whole.shape))
    one, other = (denoise(hu, output, strength=1.0, factor=1.3) for hu in (whole, whole.astype(np.float32)))
    np.testing.assert_array_equal(one.image, other.image)
    np.testing.assert_array_equal(one.uncertainty, other.uncertainty)
    tensors = [np.empty((1, 1, 128, 128), np.float32) for _ in range(2)]
    for tensor, hu in zip(tensors, (whole * 4, (whole * 4).astype(np.float32)), strict=True):  # beyond CT's range too
        fill(hu, 0, tensor)
    np.testing.assert_array_equal(*tensors)


def test_an_image_that_16_bits_do_not_hold_is_not_cut() -> None:
    hu = np.full((128, 128), 32_760, np.int16)
    output = output_of(hu, np.full((128, 128), -20, np.float32))
    result = denoise(hu, output, strength=1.0, factor=1.0)
    plane = image_plane(rounded(hu, result.image), whole_numbers=True)
    assert plane.sample_type == common_pb2.SAMPLE_TYPE_FLOAT32
    np.testing.assert_array_equal(plane.values, 32_780)
    near = np.full((128, 128), 1000, np.int16)
    image = rounded(near, denoise(near, output, strength=1.0, factor=1.0).image)
    assert image.dtype == np.int16
    np.testing.assert_array_equal(image, 1020)
