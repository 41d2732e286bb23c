"""How a scan was sampled, told by its mask."""

from __future__ import annotations

import numpy as np
import pytest

from recon.tasks.mr.sampling import mask_record, sampling_of
from recon.training.mr.simulate import trajectory


def lines(every: int, centre: int, count: int = 64, samples: int = 48) -> np.ndarray:
    mask = np.zeros((count, samples), bool)
    mask[::every] = True
    mask[count // 2 - centre // 2 : count // 2 + centre // 2] = True
    return mask


def test_whole_lines_with_a_dense_centre() -> None:
    mask = lines(4, 16)
    found = sampling_of(mask, 8)
    assert (found.kind, found.coils, found.rows, found.columns) == ("cartesian", 8, 48, 64)
    assert found.acceleration == found.line_acceleration == pytest.approx(64 / mask[:, 0].sum())
    assert found.calibration >= 16
    assert "calibration region" in found.words


def test_lines_that_are_left_out_count_however_much_of_the_others_was_measured() -> None:
    whole = lines(6, 16)
    one_lost, short_echo, short_references = whole.copy(), whole.copy(), whole.copy()
    one_lost[0, 5] = False
    short_echo[:, :12] = False
    short_references[lines(100, 16) & ~lines(6, 0) & (np.abs(np.arange(48) - 24) > 10)] = False
    for mask in (one_lost, short_echo, short_references):
        found = sampling_of(mask, 1)
        assert found.line_acceleration == sampling_of(whole, 1).line_acceleration
        assert found.acceleration > found.line_acceleration
    assert "1 coil," in found.words


def test_samples_left_out_within_lines_are_no_lines_left_out() -> None:
    mask = np.random.default_rng(0).random((128, 96)) < 0.15
    assert sampling_of(mask, 1).line_acceleration == pytest.approx(1, abs=0.02)


def test_along_a_trajectory_counts_where_the_samples_lie() -> None:
    path = trajectory("radial", 96, 4)
    mask = np.ones(path.shape[:2], bool)
    found = sampling_of(mask, 4, "radial", path, (96, 96))
    assert found.acceleration == pytest.approx(4, rel=0.07)
    assert (found.calibration, found.columns) == (0, 38)
    averaged = sampling_of(np.tile(mask, (4, 1)), 4, "radial", np.tile(path, (4, 1, 1)), (96, 96))
    assert averaged.acceleration == found.acceleration
    half = mask.copy()
    half[::2] = False
    assert sampling_of(half, 4, "radial", path, (96, 96)).acceleration == pytest.approx(8, rel=0.07)


def test_masks_are_told_apart_by_their_record() -> None:
    one, same, other = (mask_record(lines(every, 8)) for every in (4, 4, 2))
    assert one == same
    assert one["mask"] != other["mask"]
    late = lines(4, 8)
    late[:8] = False
    assert mask_record(late)["first_line"] == 8
    assert mask_record(np.zeros((4, 4), bool))["first_line"] is None
    # the same bits in another shape are another mask
    assert mask_record(np.ones((2, 8), bool))["mask"] != mask_record(np.ones((8, 2), bool))["mask"]
