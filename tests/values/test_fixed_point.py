"""Steps and values are the same picture."""

from __future__ import annotations

import numpy as np

from recon.values.fixed_point import FixedPoint, numbers


def test_steps_become_values_and_floats_stay() -> None:
    fixed = FixedPoint(np.array([[0, 1, 65535]], np.uint16), 0.055)
    np.testing.assert_allclose(fixed.values, [[0, 0.055, 65535 * 0.055]], rtol=1e-6)
    assert fixed.values.dtype == np.float32
    np.testing.assert_array_equal(numbers(fixed), fixed.values)
    plain = np.ones((2, 2), np.float32)
    assert numbers(plain) is plain
