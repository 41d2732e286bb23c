"""Every file is of one format or of none, whoever asks."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recon.errors import ReconError, UnreadableInput
from recon.io.formats import Content, LeftOut, OpenedKSpace, OpenedSlices, OpenedVolume, formats, look_into, recognise
from tests.io.formats.files import format_of, write_kspace

MakeSlice = Callable[..., Path]


def write_volume(path: Path) -> Path:
    nib.Nifti1Image(np.zeros((4, 4, 6), np.int16), np.eye(4)).to_filename(path)
    return path


def test_each_kind_of_file_is_of_its_format(tmp_path: Path, make_slice: MakeSlice) -> None:
    assert format_of(make_slice()) == "DICOM"
    assert format_of(make_slice("nameless")) == "DICOM"
    assert format_of(write_volume(tmp_path / "a.nii.gz")) == "NIfTI"
    assert format_of(write_kspace(tmp_path / "a.h5")) == "fastMRI"
    assert format_of(write_kspace(tmp_path / "no_ending")) == "fastMRI"
    assert format_of(write_kspace(tmp_path / "b.h5", "other")) == "HDF5"
    for name, data in (("README", b"some words\n"), ("x.csv", b"1,2"), ("x.png", b"\x89PNG\r\n\x1a\n\0\0")):
        (tmp_path / name).write_bytes(data)
        assert format_of(tmp_path / name) == ""


def test_a_folder_gives_its_scans_and_names_the_rest(tmp_path: Path, make_slice: MakeSlice) -> None:
    folder = make_slice("a.dcm").parent
    make_slice("b.dcm", z=3.0)
    write_volume(folder / "v.nii")
    write_kspace(folder / "k.h5")
    (folder / "notes.txt").write_text("words")
    (folder / "c.dcm.gz").write_bytes(gzip.compress((folder / "a.dcm").read_bytes()))
    found = list(look_into(folder, {Content.CT, Content.VOLUME}))
    (series,) = [one for one in found if isinstance(one, OpenedSlices)]
    assert [path.name for path in series.files] == ["a.dcm", "b.dcm"]
    (volume,) = [one for one in found if isinstance(one, OpenedVolume)]
    assert volume.read().volume.shape == (6, 4, 4)
    left = {Path(one.path).name: one for one in found if isinstance(one, LeftOut)}
    assert {name: one.lost for name, one in left.items()} == {"k.h5": False, "notes.txt": False, "c.dcm.gz": True}
    assert "unpack" in left["c.dcm.gz"].reason
    (kspace,) = [one for one in look_into(folder, {Content.KSPACE}) if isinstance(one, OpenedKSpace)]
    assert kspace.series.shape[0] == 2
    with pytest.raises(UnreadableInput, match="no such"):
        list(look_into(tmp_path / "absent", {Content.CT}))


@settings(max_examples=60)
@given(
    start=st.one_of(
        st.binary(max_size=600),
        st.sampled_from([b"\x1f\x8b", b"PK\x03\x04", b"BZh", b"\x89HDF\r\n\x1a\n", bytes(128) + b"DICM"]).flatmap(
            lambda magic: st.binary(max_size=600).map(lambda rest: magic + rest)
        ),
    ),
    ending=st.sampled_from(["", ".dcm", ".nii", ".nii.gz", ".h5", ".zip", ".gz", ".txt", ".1"]),
)
def test_any_bytes_give_one_format_at_most_and_one_line(
    tmp_path_factory: pytest.TempPathFactory, start: bytes, ending: str
) -> None:
    path = tmp_path_factory.mktemp("any") / f"x{ending}"
    path.write_bytes(start)
    certain = [one for one in formats() if not getattr(one, "GUESSES", False)]
    claims = [one.NAME for one in certain if one.recognise(path, start[:512])]
    assert len(claims) <= 1
    found = recognise(path)
    if found is None:
        return
    problem = "none"
    try:
        found.look(path)
    except ReconError as error:
        problem = error.problem
    assert problem
    assert "\n" not in problem


def test_those_that_guess_are_asked_last_whatever_the_others_are_called() -> None:
    guesses = [getattr(one, "GUESSES", False) for one in formats()]
    assert guesses == sorted(guesses)
    assert any(guesses)


def test_every_format_has_all_that_a_format_has() -> None:
    names = [one.NAME for one in formats()]
    assert len(set(names)) == len(names)
    for one in formats():
        assert callable(one.recognise)
        assert callable(one.look)
        assert callable(one.open)
