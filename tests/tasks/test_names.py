"""Names of result folders: distinct on any file system, and the same every time."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recon.tasks.names import distinct, name_of, safe


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("a/scan.nii.gz", "scan"),
        ("a/SCAN.DCM", "SCAN"),
        ("a/1.2.840.113", "1.2.840.113"),
        (".nii", "nii"),
        ("folder", "folder"),
    ],
)
def test_only_endings_of_scans_are_cut_off(path: str, name: str) -> None:
    assert name_of(Path(path)) == name


def test_a_folder_that_is_named_by_a_dot_has_its_own_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert name_of(Path(".")) == tmp_path.name


@given(st.text(max_size=300))
def test_every_text_becomes_a_name(text: str) -> None:
    name = safe(text)
    assert 0 < len(name) <= 100
    assert name.isprintable()
    assert not set(name) & set('/\\:*?"<>|')
    assert name not in (".", "..")


@given(st.lists(st.sampled_from(["a", "A", "a_2", "b"]), max_size=8))
def test_names_differ_in_more_than_capitals(names: list[str]) -> None:
    found = distinct(names)
    assert len({name.lower() for name in found}) == len(names)
    assert found[:1] == names[:1]
    assert distinct(names) == found
