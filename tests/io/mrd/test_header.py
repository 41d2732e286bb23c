"""Headers that do not fit the data."""

from __future__ import annotations

import pytest

from recon.errors import UnreadableInput
from tests.io.mrd.scans import Writer, oversampled, xml


def test_a_header_that_lies_about_the_data(tmp_path) -> None:
    for name, header, words in (
        ("narrow.h5", xml(x=64, fx=192), "samples"),
        ("few_lines.h5", xml(y=30, centre=15), "kspace_encode_step_1"),
        ("radial.h5", xml(trajectory="radial"), "trajectory is radial"),
        ("zero.h5", xml(x=0), "matrix"),
    ):
        with pytest.raises(UnreadableInput, match=words):
            Writer(tmp_path / name, header).slice(oversampled()).read()
