"""What a header says of the scanner and its settings, as far as two scans must share it to be compared."""

from __future__ import annotations

from recon.io.dicom.read.headers import number, open_header, text
from recon.io.dicom.read.records import SliceSource

_NAMES = ("Manufacturer", "ManufacturerModelName", "ConvolutionKernel", "ScanningSequence")
_NUMBERS = ("KVP", "SliceThickness", "MagneticFieldStrength", "RepetitionTime", "EchoTime", "FlipAngle")


def settings_of(source: SliceSource) -> dict[str, str | float]:
    """Attributes by keyword; those that the header does not give are left out.

    Raises
    ------
    UnreadableInput
        When it can't be read again.
    """
    dataset = open_header(source.path)
    words = {name: text(dataset, name) for name in _NAMES}
    numbers = {name: number(dataset, name) for name in _NUMBERS}
    found: dict[str, str | float] = {name: value for name, value in words.items() if value}
    return {**found, **{name: value for name, value in numbers.items() if value is not None}}
