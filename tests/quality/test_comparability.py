from __future__ import annotations

from typing import Any

import pytest

from recon.quality.comparability import compare, record

MODEL = {"name": "mr_unrolled", "version": "3", "sha256": "ab"}
SAMPLING = {"mask": "a1", "acceleration": 4.0, "first_line": 0}


def _record(model: dict[str, Any] = MODEL, **known: Any) -> dict[str, Any]:
    return record("mr", model, (4, 256, 256), {"spacing_mm": [1.0, 1.0, 3.0], "sampling": SAMPLING, **known})


def test_the_same_protocol_is_comparable_and_what_nobody_knows_is_said() -> None:
    found = compare(_record(), _record(spacing_mm=[1.0, 1.001, 3.0]))
    assert found.comparable
    assert found.unknown == ["scanner settings: not known of either"]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"sampling": {**SAMPLING, "mask": "b2", "first_line": 2}}, "looks like change"),
        ({"sampling": {"mask": "c3", "acceleration": 8.0, "first_line": 0}}, "acceleration 4 and 8"),
        ({"strength": 0.5}, "strength: 1 and 0.5"),
        ({"model": {**MODEL, "version": "4", "sha256": "cd"}}, "mr_unrolled:3 and mr_unrolled:4"),
        ({"scanner": {"KVP": 100.0}}, "KVP: 120 and 100"),
        ({"spacing_mm": [1.0, 1.0, 5.0]}, "1 x 1 x 3 and 1 x 1 x 5"),
    ],
)
def test_another_method_or_sampling_or_scanner_is_not(changed: dict[str, Any], words: str) -> None:
    known = {"strength": 1.0, "scanner": {"KVP": 120.0}}
    found = compare(_record(**known), _record(**{**known, **changed}))
    assert not found.comparable
    assert any(words in difference for difference in found.differences)


def test_what_one_does_not_say_is_unknown_not_the_same() -> None:
    found = compare(_record(scanner={"KVP": 120.0, "ConvolutionKernel": "B30f"}), _record(scanner={"KVP": 120.0}))
    assert found.comparable
    assert found.unknown == ["ConvolutionKernel: not known of the second"]


def test_of_k_space_whose_sampling_nobody_knows_no_change_is_told() -> None:
    found = compare(_record(), _record(sampling=None), {"sampling": "it looks like change"})
    assert found.differences == ["sampling: not known of the second; it looks like change"]
    assert compare(_record(), _record(sampling=None)).comparable


def test_two_that_both_lack_the_mask_are_not_the_same() -> None:
    maskless = {"acceleration": 4.0, "first_line": 0}
    found = compare(_record(sampling=maskless), _record(sampling=maskless))
    assert "sampling: not known of either" in found.unknown
    found = compare(_record(sampling=maskless), _record(sampling={}), {"sampling": "it looks like change"})
    assert found.differences == ["sampling: not known of either; it looks like change"]


def test_a_shortened_checksum_is_the_same() -> None:
    whole = {**MODEL, "sha256": "ab" * 32}
    assert compare(_record(whole), _record({**MODEL, "sha256": "ab" * 8})).comparable
    assert not compare(_record(whole), _record({**MODEL, "sha256": "cd" * 8})).comparable
