"""What an MR header says of the sequence, and where two scans of one protocol differ."""

from __future__ import annotations

from dataclasses import dataclass, field

from pydicom.dataset import Dataset

from recon.io.dicom.read.headers import functional_group, number, open_header, text
from recon.io.dicom.read.records import SliceSource

#: Numbers that two scans of one protocol share, how much they may differ, and their unit.
_NUMBERS = {
    "RepetitionTime": (0.02, "ms"),
    "EchoTime": (0.05, "ms"),
    "FlipAngle": (0.02, "degrees"),
    "InversionTime": (0.02, "ms"),
}
_NAMES = ("ScanningSequence", "SequenceVariant", "MRAcquisitionType")
_GROUPS = {
    "RepetitionTime": ("MRTimingAndRelatedParametersSequence", "RepetitionTime"),
    "FlipAngle": ("MRTimingAndRelatedParametersSequence", "FlipAngle"),
    "EchoTime": ("MREchoSequence", "EffectiveEchoTime"),
}


@dataclass(frozen=True)
class AcquisitionProtocol:
    """Of one scan.

    Attributes
    ----------
    numbers
        RepetitionTime, EchoTime, InversionTime in ms and FlipAngle in degrees, as far as the header has them.
    names
        ScanningSequence, SequenceVariant and MRAcquisitionType, as far as the header has them.
    """

    numbers: dict[str, float] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)

    @property
    def is_known(self) -> bool:
        """Whether the header says anything."""
        return bool(self.numbers or self.names)


def protocol_of(source: SliceSource) -> AcquisitionProtocol:
    """What the header of a slice says.

    Raises
    ------
    UnreadableInput
        When it can't be read again.
    """
    dataset = open_header(source.path)
    found = {name: _number(dataset, name, source.frame) for name in _NUMBERS}
    names = {name: text(dataset, name).upper() for name in _NAMES}
    return AcquisitionProtocol(
        {name: value for name, value in found.items() if value is not None},
        {name: value for name, value in names.items() if value},
    )


def _number(dataset: Dataset, name: str, frame: int | None) -> float | None:
    if frame is not None and name in _GROUPS:
        sequence, inner = _GROUPS[name]
        value = number(functional_group(dataset, frame, sequence), inner)
        if value is not None:
            return value
    return number(dataset, name)


def differences(before: AcquisitionProtocol, after: AcquisitionProtocol) -> list[str]:
    """Where two scans differ, a sentence each; what one of the headers does not say is no difference."""
    found = []
    for name, (tolerance, unit) in _NUMBERS.items():
        ours, theirs = before.numbers.get(name), after.numbers.get(name)
        if ours is not None and theirs is not None and abs(ours - theirs) > tolerance * max(abs(ours), 1e-6):
            found.append(f"{name} is {ours:g} before and {theirs:g} {unit} after contrast")
    for name in _NAMES:
        one, other = before.names.get(name), after.names.get(name)
        if one and other and one != other:
            found.append(f"{name} is {one[:32]} before and {other[:32]} after contrast")
    return found
