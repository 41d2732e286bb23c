"""Two scans of one protocol are alike, and what one header does not say is no difference."""

from __future__ import annotations

from recon.io.dicom.read.protocol import AcquisitionProtocol, differences

T1 = AcquisitionProtocol({"RepetitionTime": 500.0, "EchoTime": 10.0, "FlipAngle": 90.0}, {"ScanningSequence": "SE"})


def changed(**numbers: float) -> AcquisitionProtocol:
    return AcquisitionProtocol({**T1.numbers, **numbers}, T1.names)


def test_what_rounding_changes_is_no_difference() -> None:
    assert differences(T1, T1) == []
    assert differences(T1, changed(RepetitionTime=505.0, EchoTime=10.4)) == []


def test_each_difference_is_a_sentence_with_both_values() -> None:
    assert differences(T1, changed(RepetitionTime=600.0)) == ["RepetitionTime is 500 before and 600 ms after contrast"]
    other = AcquisitionProtocol(T1.numbers, {"ScanningSequence": "GR"})
    assert differences(T1, other) == ["ScanningSequence is SE before and GR after contrast"]


def test_what_is_not_said_is_no_difference() -> None:
    silent = AcquisitionProtocol()
    assert not silent.is_known
    assert differences(T1, silent) == differences(silent, T1) == []
