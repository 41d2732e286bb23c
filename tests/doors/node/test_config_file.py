"""Mistakes in ``node.yaml`` are told with their place, and paths are relative to it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from recon.doors.node.config_file import config_of, read_config
from recon.errors import InvalidRequest, UnreadableInput

LEAST: dict[str, Any] = {"titles": ["RECON"], "folder": "data", "senders": [{"title": "CT1"}]}


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    found = config_of(
        {**LEAST, "destinations": {"here": {"folder": "out"}, "there": {"folder": "/srv"}}}, "x", tmp_path
    )
    assert found.folder == tmp_path / "data"
    assert found.destinations["here"].folder == tmp_path / "out"
    assert found.destinations["there"].folder == Path("/srv")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"lissten": "x"}, "lissten: no such word here"),
        ({"limits": {"associations": 0}}, "limits.associations: "),
        ({"destinations": {"a": {"folder": "x", "dicom": "A@b:1"}}}, "destinations.a: exactly one of"),
        ({"http": "0.0.0.0:8042"}, "so http_tokens_file is needed"),
        ({"titles": []}, "titles: "),
        ({"senders": [{"title": "CT1", "address": "nowhere"}]}, "senders.0: "),
    ],
)
def test_a_mistake_is_told_with_its_place_in_one_line(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidRequest) as told:
        config_of({**LEAST, **change}, "node.yaml", tmp_path)
    assert words in told.value.problem
    assert told.value.problem.startswith("node.yaml: ")
    assert len(told.value.problem.splitlines()) == 1


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match=r"folder: .*; .*senders: "):
        config_of({"titles": ["RECON"]}, "node.yaml", tmp_path)


@pytest.mark.parametrize(("content", "words"), [(b"a: [", "no YAML"), (b"\xff\xfe", "no YAML"), (None, "No such file")])
def test_what_is_no_yaml_is_said(tmp_path: Path, content: bytes | None, words: str) -> None:
    path = tmp_path / "node.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UnreadableInput, match=words):
        read_config(path)
    path.write_text("- a list")
    with pytest.raises(InvalidRequest, match="names and values are wanted"):
        read_config(path)
