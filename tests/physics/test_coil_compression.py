"""Virtual coils and what they leave out are all that there was."""

from __future__ import annotations

import numpy as np
import pytest

from recon.physics.coil_compression import virtual_coils
from tests.conftest import head, multicoil

KSPACE = multicoil(head((72, 64)), 32)


def test_energy_is_kept_or_counted() -> None:
    virtual, left_out = virtual_coils(KSPACE, KSPACE[:, 24:48, 20:44], 12)
    assert virtual.shape == (12, 72, 64)
    total = np.sum(np.abs(KSPACE) ** 2)
    assert left_out.sum() < 0.02 * total
    assert np.sum(np.abs(virtual) ** 2) + left_out.sum() == pytest.approx(total, rel=1e-4)
    energy = (np.abs(virtual) ** 2).sum((1, 2))
    assert (np.diff(energy) <= 0.05 * energy[:-1]).all()  # ordered by the centre alone


def test_few_coils_stay_as_they_are() -> None:
    kept, left_out = virtual_coils(KSPACE[:5], KSPACE[:5], 12)
    np.testing.assert_array_equal(kept, KSPACE[:5])
    assert not left_out.any()
