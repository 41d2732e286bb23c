"""Names tell which half of a pair a scan is, and nothing else does."""

from __future__ import annotations

import pytest

from recon.tasks.contrast.archive import half_of
from recon.tasks.registry import task_of


@pytest.mark.parametrize(
    ("name", "half"),
    [
        ("sub1_pre", "pre"),
        ("T1Pre", "pre"),
        ("lowdose_t1", "low"),
        ("T1_10pct", "low"),
        ("president", ""),
        ("slow", ""),
        ("sub-01_T1w", "pre"),
        ("sub-01_ses-2_ce-gadolinium_T1w", "low"),
        ("sub-01_acq-lowdose_T1w", "low"),
        ("sub-01_ce-none_T1w", "pre"),
        ("sub-01_ce-gadolinium_FLAIR", ""),
        ("T1 SUB pre", ""),
        ("Subtraction post-pre", ""),
        ("T1_pre_phase", ""),
    ],
)
def test_halves_by_name(name: str, half: str) -> None:
    assert half_of(name)[0] == half


def test_a_ct_series_is_no_half_whatever_its_name() -> None:
    assert task_of("contrast").half_of("liver pre contrast", "CT") == ("", "")


def test_halves_of_bids_share_all_that_does_not_tell() -> None:
    assert half_of("sub-01_ses-2_T1w")[1] == half_of("sub-01_ses-2_ce-gadolinium_T1w")[1]
    assert half_of("sub-01_ses-2_T1w")[1] != half_of("sub-01_ses-3_ce-gadolinium_T1w")[1]
