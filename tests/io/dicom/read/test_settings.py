"""Settings that two scans must share are read of a header; what it does not say is left out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from recon.errors import UnreadableInput
from recon.io.dicom.read.records import SliceSource
from recon.io.dicom.read.settings import settings_of


def test_words_and_numbers_of_the_scanner(make_slice: Callable[..., Path]) -> None:
    path = make_slice(Manufacturer="Acme", ConvolutionKernel="B30f", KVP=120, EchoTime="")
    assert settings_of(SliceSource(path, None, (0.0, 0.0, 0.0))) == {
        "Manufacturer": "Acme",
        "ConvolutionKernel": "B30f",
        "KVP": 120.0,
        "SliceThickness": 3.0,
    }


def test_a_file_that_is_gone_is_said(tmp_path: Path) -> None:
    with pytest.raises(UnreadableInput):
        settings_of(SliceSource(tmp_path / "gone.dcm", None, (0.0, 0.0, 0.0)))
