"""Every file is of one format or of none, whoever asks."""

from __future__ import annotations

import bz2
import gzip
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import nibabel as nib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recon.errors import ReconError, UnreadableInput
from recon.io.dicom.read.skipped import Kind, Refused
from recon.io.formats import Content, LeftOut, OpenedKSpace, OpenedSlices, OpenedVolume, formats, look_into, recognise

MakeSlice = Callable[..., Path]


def format_of(path: Path) -> str:
    found = recognise(path)
    return found.NAME if found is not None else ""


def write_volume(path: Path) -> Path:
    nib.Nifti1Image(np.zeros((4, 4, 6), np.int16), np.eye(4)).to_filename(path)
    return path


def write_kspace(path: Path, name: str = "kspace") -> Path:
    with h5py.File(path, "w") as file:
        file[name] = np.ones((2, 1, 8, 8), np.complex64)
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


def test_a_scanners_file_is_known_whatever_its_group_is_called(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["2024-01-02 12:00/xml"], file["2024-01-02 12:00/data"] = b"<x/>", np.zeros(3)
    assert format_of(tmp_path / "a.h5") == "ISMRMRD"


def test_a_dicom_series_without_its_uid_is_one_scan(make_slice: MakeSlice) -> None:
    looks = [
        recognised.look(path)
        for path in (make_slice(f"{i}.dcm", z=3.0 * i, SeriesInstanceUID="") for i in range(3))
        if (recognised := recognise(path)) is not None
    ]
    assert len(looks) == 3
    assert len({look.scan for look in looks}) == 1
    assert {look.content for look in looks} == {Content.CT}


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


def test_packed_scans_are_named_and_other_archives_are_nothing(tmp_path: Path, make_slice: MakeSlice) -> None:
    slice_file, words = make_slice(), tmp_path / "words.txt"
    words.write_text("words")
    for name, pack in (("gz", gzip.compress), ("bz2", bz2.compress), ("xz", lzma.compress)):
        (tmp_path / f"s.dcm.{name}").write_bytes(pack(slice_file.read_bytes()))
        (tmp_path / f"words.txt.{name}").write_bytes(pack(words.read_bytes()))
    for stem, inner in (("s", slice_file), ("words", words)):
        with zipfile.ZipFile(tmp_path / f"{stem}.zip", "w") as archive:
            archive.write(words, "first.txt")
            archive.write(inner, f"deep/{inner.name}")
        for mode, ending in (("w", "tar"), ("w:gz", "tar.gz"), ("w:xz", "tar.xz")):
            with tarfile.open(tmp_path / f"{stem}.{ending}", mode) as tar:  # type: ignore[call-overload]
                tar.add(words, "first.txt")
                tar.add(inner, f"deep/{inner.name}")
    (tmp_path / "s.7z").write_bytes(b"7z\xbc\xaf\x27\x1c" + bytes(100))
    for path in sorted(tmp_path.glob("*.*")):
        if path == words:
            continue
        found = recognise(path)
        assert found is not None
        assert found.NAME == "packed"
        with pytest.raises(Refused, match="packed") as caught:
            found.look(path)
        assert caught.value.kind is (Kind.BROKEN if path.name.startswith("s.") else Kind.OTHER), path.name


def test_a_damaged_or_foreign_hdf5_file_is_said_once(tmp_path: Path) -> None:
    path = write_kspace(tmp_path / "a.h5")
    path.write_bytes(path.read_bytes()[:700])
    (left,) = look_into(path, {Content.KSPACE})
    assert isinstance(left, LeftOut)
    assert left.lost
    assert "copy it again" in left.reason
    with h5py.File(tmp_path / "bomb.h5", "w") as file:
        file.create_dataset("kspace", (4096, 16, 512, 512), np.complex64, chunks=(1, 1, 512, 512))
    (bomb,) = look_into(tmp_path / "bomb.h5", {Content.KSPACE})
    assert isinstance(bomb, LeftOut)
    assert "too large for what it holds" in bomb.reason
    (other,) = look_into(write_kspace(tmp_path / "b.h5", "other"), {Content.KSPACE})
    assert isinstance(other, LeftOut)
    assert "holds other" in other.reason


@settings(max_examples=60, deadline=None)
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
