"""Files of k-space are known by what is in them; a damaged one does not cost the others."""

from __future__ import annotations

from pathlib import Path

from recon.io.formats import fastmri
from recon.io.formats.format import Content, LeftOut, OpenedKSpace
from tests.io.formats.files import write_kspace


def start(path: Path) -> bytes:
    return path.read_bytes()[:512]


def test_a_dataset_of_k_space_tells_whatever_the_name(tmp_path: Path) -> None:
    for name, inside, known in (("a.h5", "kspace", True), ("no_ending", "kspace", True), ("b.h5", "other", False)):
        path = write_kspace(tmp_path / name, inside)
        assert fastmri.recognise(path, start(path)) is known
    assert not fastmri.recognise(tmp_path / "a.h5", b"no HDF5")
    assert not fastmri.recognise(tmp_path / "gone.h5", start(tmp_path / "a.h5"))


def test_each_file_is_a_scan_by_itself(tmp_path: Path) -> None:
    look = fastmri.look(write_kspace(tmp_path / "brain.h5"))
    assert (look.content, look.name, look.detail) == (Content.KSPACE, "brain", "fastMRI")


def test_a_damaged_file_does_not_cost_the_others(tmp_path: Path) -> None:
    good, bad = write_kspace(tmp_path / "good.h5"), write_kspace(tmp_path / "bad.h5")
    bad.write_bytes(bad.read_bytes()[:700])
    lost, opened = fastmri.open([bad, good], {Content.KSPACE})
    assert isinstance(lost, LeftOut)
    assert lost.lost
    assert isinstance(opened, OpenedKSpace)
    assert opened.files == (good,)


def test_who_wants_images_gets_no_k_space(tmp_path: Path) -> None:
    (left,) = fastmri.open([write_kspace(tmp_path / "a.h5")], {Content.CT})
    assert left == LeftOut(str(tmp_path / "a.h5"), "k-space, not an image")
