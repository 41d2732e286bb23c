from __future__ import annotations

import errno
from pathlib import Path

import pytest

from recon.errors import OutputFailed
from recon.io.output_folder import output_folder, result_path, write_json


def test_the_folder_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    def half() -> None:
        with output_folder(tmp_path / "x") as folder:
            write_json(folder / "a.json", {"a": 1})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        half()
    assert list(tmp_path.iterdir()) == []


def test_an_older_result_is_replaced(tmp_path: Path) -> None:
    for content in ("old", "new"):
        with output_folder(tmp_path / "x") as folder:
            write_json(folder / "report.json", {"software": "recon"})
            (folder / content).touch()
    assert sorted(path.name for path in (tmp_path / "x").iterdir()) == ["new", "report.json"]
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_two_containers_whose_processes_have_one_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each writes in a folder of its own, and clears away no other's."""
    monkeypatch.setattr("os.getpid", lambda: 1)

    def other() -> None:
        with output_folder(tmp_path / "x"):
            raise RuntimeError

    with output_folder(tmp_path / "x") as first:
        with pytest.raises(RuntimeError):
            other()
        write_json(first / "a.json", {"a": 1})
    assert [path.name for path in (tmp_path / "x").iterdir()] == ["a.json"]
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_others_may_read_what_they_may_read_of_any_folder(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    with output_folder(tmp_path / "x"):
        pass
    assert (tmp_path / "x").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize(
    ("number", "words"), [(errno.ENOSPC, "disk is full"), (errno.EACCES, "not writable"), (errno.EIO, "can't be")]
)
def test_failures_say_what_to_do(tmp_path: Path, number: int, words: str) -> None:
    with pytest.raises(OutputFailed, match=words), output_folder(tmp_path / "x"):
        raise OSError(number, "reason")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [None, "{", '{"software": "other"}', "[]"])
def test_what_is_not_ours_is_never_replaced(tmp_path: Path, content: str | None) -> None:
    scan = tmp_path / "scan"
    scan.mkdir()
    (scan / "1.dcm").write_bytes(b"a scan")
    if content is not None:
        (scan / "report.json").write_text(content)
    with pytest.raises(OutputFailed, match="no result of recon"), output_folder(scan):
        pass
    assert (scan / "1.dcm").read_bytes() == b"a scan"
    assert result_path(tmp_path, "scan") == tmp_path / "scan_recon"
    (tmp_path / "scan_recon").mkdir()
    with pytest.raises(OutputFailed, match="no result of recon"):
        result_path(tmp_path, "scan")


def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "out").touch()
    with pytest.raises(OutputFailed), output_folder(tmp_path / "out" / "x"):
        pass
