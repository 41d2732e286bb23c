"""Headers lie as the format lays them out."""

from __future__ import annotations

from recon.doors.mrd.wire import layout


def test_headers_have_the_sizes_and_offsets_of_the_format() -> None:
    head = layout.ACQUISITION_HEAD
    assert (head.itemsize, layout.IMAGE_HEAD.itemsize, layout.WAVEFORM_HEAD.itemsize) == (340, 198, 40)
    places = ("flags", "number_of_samples", "active_channels", "center_sample", "position", "idx")
    assert [head.fields[name][1] for name in places] == [2, 34, 38, 172, 182, 242]
