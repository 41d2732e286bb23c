"""A scan gets the factor of its own group, and none where it has no group."""

from __future__ import annotations

import pytest

from recon.quality.conformal_table import Cell, ConformalTable, ScanCondition

TABLE = ConformalTable(
    [
        Cell("regular lines", (1.2, 3.0), (1, 2), 1.7),
        Cell("regular lines", (1.2, 3.0), (2, 33), 0.9),
        Cell("plane", (1.2, 9.0), (2, 33), 0.6, calibrated=False),
    ]
)


@pytest.mark.parametrize(
    ("pattern", "acceleration", "coils", "factor"),
    [
        ("regular lines", 2.0, 1, 1.7),
        ("regular lines", 1.2, 2, 0.9),
        ("regular lines", 3.0, 8, None),
        ("plane", 4.0, 1, None),
        ("plane", 4.0, 32, 0.6),
        ("random lines", 2.0, 8, None),
    ],
)
def test_a_scan_gets_the_factor_of_its_group_or_none(pattern, acceleration, coils, factor) -> None:
    cell = TABLE.find(ScanCondition(pattern, acceleration, coils))
    assert (cell and cell.factor) == factor


def test_the_table_survives_the_configuration() -> None:
    assert ConformalTable.parse(TABLE.dump()) == TABLE
    assert "\n" not in TABLE.dump()
    assert TABLE.widest == 1.7


@pytest.mark.parametrize("text", ["[]", "{}", "[3]", '[{"pattern": "plane"}]', "nonsense"])
def test_what_is_no_table_is_refused(text) -> None:
    with pytest.raises(ValueError, match=r".+"):
        ConformalTable.parse(text)
