"""A lesion keeps its content whatever the blur, and is round on oblong pixels."""

from __future__ import annotations

import numpy as np
import pytest

from recon.probes.lesion import disc


@pytest.mark.parametrize("blur", [0.0, 0.5, 1.0])
def test_the_blur_moves_contrast_and_loses_none(blur: float) -> None:
    found = disc(4.0, (0.7, 0.9), blur, 8)
    assert float(found.sum()) * 0.7 * 0.9 == pytest.approx(np.pi * 4, rel=0.02)
    assert found[8, 8] == found.max() <= 1.0 + 1e-6


def test_it_is_as_wide_in_millimetres_both_ways() -> None:
    found = disc(6.0, (0.5, 1.0), 0.0, 10)
    rows, columns = found[:, 10].sum() * 0.5, found[10].sum() * 1.0
    assert rows == pytest.approx(6.0, abs=0.3)
    assert columns == pytest.approx(6.0, abs=0.3)


def test_nobody_writes_to_what_others_share() -> None:
    with pytest.raises(ValueError, match="read-only"):
        disc(4.0, (1.0, 1.0), 0.5, 6)[0, 0] = 1
