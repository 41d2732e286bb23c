"""The window, the specification, the figures, the lock's words, verification."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recon.batch.charts import Point, scatter, ticks
from recon.batch.execute import merged
from recon.batch.flow import FlowWindow
from recon.batch.items import folder_name
from recon.batch.progress import rate_words
from recon.batch.report import write_report
from recon.batch.spec import read_spec, spec_of
from recon.batch.storage import MANIFEST
from recon.batch.verify import verify
from recon.errors import InvalidRequest, UnreadableInput
from tests.batch.archives import FakeExecutor, report_of, run, write_nifti, write_series


def test_the_window_follows_the_answers() -> None:
    window = FlowWindow(start=2, most=8)
    for _ in range(100):
        window.succeeded()
    assert window.size == 8
    window.refused(0.05)
    window.refused(0.05)  # answers to one burst count once
    assert window.size == 4
    began = time.monotonic()
    with window.place() as granted:
        assert granted
    assert time.monotonic() - began > 0.04


def test_a_suspect_runs_alone() -> None:
    window = FlowWindow(start=4, most=4)
    order: list[str] = []

    def suspect() -> None:
        with window.place(alone=True):
            assert window.busy == 1
            order.append("suspect")

    with window.place():
        thread = threading.Thread(target=suspect)
        thread.start()
        time.sleep(0.05)
        order.append("other")
    thread.join()
    assert order == ["other", "suspect"]


def test_a_stopped_window_lets_nobody_wait() -> None:
    window = FlowWindow(start=1, most=1)
    window.refused(60.0)
    threading.Timer(0.05, window.stop).start()
    with window.place() as granted:
        assert not granted


@given(st.text(max_size=300), st.text(min_size=1), st.sets(st.text(max_size=5)))
def test_folder_names_are_safe_and_distinct(label: str, key: str, taken: set[str]) -> None:
    taken = {name.lower() for name in taken}
    name = folder_name(label, key, taken)
    assert name.lower() not in taken
    assert name.isascii()
    assert not set(name) & set('/\\:*?"<>| \0')
    assert not name.startswith((".", "-"))
    assert len(name) < 130


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6))
def test_ticks_lie_inside(low: float, span: float) -> None:
    found = ticks(low, low + span)
    assert 1 <= len(found) <= 9
    assert all(low - 1e-6 * span <= tick <= low + span * (1 + 1e-6) for tick in found)


def test_a_figure_with_one_value() -> None:
    picture = scatter([Point(0, 5, "PASS", "a<b"), Point(1, 5, "PASS", "b")], "HU", ("first", "last"))
    assert picture.count("<circle") == 2
    assert "a&lt;b" in picture


def test_rate_in_words() -> None:
    assert rate_words(0, 10, 5) == ""
    assert rate_words(120, 60, 60) == "2.0 items/s, 30 s left"
    assert rate_words(10, 1000, 600) == "1.0 items/min, 16.7 h left"


def test_a_specification(tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text(
        "inputs: archive\nservers: [a:1, b:2]\nin_flight: 4\ntasks: {ct: {strength: 0.5}}\n"
        "rules:\n  - {match: '*/x/*', task: skip}\n"
    )
    spec = read_spec(path)
    assert spec.inputs == [str(tmp_path / "archive")]
    assert (spec.servers, spec.in_flight, spec.tasks["ct"]) == (["a:1", "b:2"], 4, {"strength": 0.5})
    assert spec_of(spec.to_json(), "ledger", tmp_path) == spec


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("inputs: [a]\nsevers: [x]", "unknown field 'severs'"),
        ("servers: [x]", "'inputs' names no folder"),
        ("inputs: [a]\nin_flight: many", "in_flight is 'many'"),
        ("- a", "must be a mapping"),
        ("inputs: [a]\ntasks: {pet: {}}", "tasks has 'pet'"),
        ("inputs: [a]\nrules: [{match: x}]", "a rule has"),
        ("inputs: [1]", "inputs must be a list of texts"),
        ("inputs: [a]\nin_flight: 0", "in_flight is 0"),
    ],
)
def test_a_wrong_specification_is_said(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text(text)
    with pytest.raises(InvalidRequest, match=words) as caught:
        read_spec(path)
    assert caught.value.problem.startswith(str(path))


def test_no_yaml_is_said(tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text("inputs: [a\nb: {")
    with pytest.raises(UnreadableInput, match="no YAML, line"):
        read_spec(path)


@pytest.mark.parametrize("harm", ["missing", "short", "changed", "added", "manifest", "folder"])
def test_verify_sees_every_harm(harm: str, tmp_path: Path) -> None:
    write_series(tmp_path / "a" / "one")
    write_nifti(tmp_path / "a" / "two.nii")
    run(tmp_path / "a", tmp_path / "out")
    folder, file = tmp_path / "out" / "one_1", tmp_path / "out" / "one_1" / "image" / "0.dcm"
    assert verify(tmp_path / "out").wrong == {}
    if harm == "missing":
        file.unlink()
    elif harm == "short":
        file.write_bytes(file.read_bytes()[:-1])
    elif harm == "changed":
        file.write_bytes(bytes(len(file.read_bytes())))
    elif harm == "added":
        (folder / "image" / "9.dcm").write_bytes(b"x")
    elif harm == "manifest":
        (folder / MANIFEST).write_text("{}")
    else:
        folder.rename(tmp_path / "elsewhere")
    found = verify(tmp_path / "out")
    assert list(found.wrong) == ["one_1"]
    assert found.checked == 2


def test_parts_of_a_scan_make_one_report() -> None:
    from recon.batch.items import Item

    item = Item(1, "k", "n", "ct", "", {})
    found = merged([report_of(item), report_of(item, verdict="REVIEW", slices=3, missing=(1,))])
    assert (found["verdict"], found["status"]) == ("REVIEW", "incomplete")
    assert found["slices"] == {"total": 7, "missing": [1]}
    assert len(found["checks"]) == 4


def test_the_report_needs_nothing_from_outside(tmp_path: Path) -> None:
    for index in range(12):
        write_nifti(tmp_path / "a" / f"n{index:02d}.nii", seed=index)
    run(
        tmp_path / "a",
        tmp_path / "out",
        FakeExecutor(lambda item, call: report_of(item, verdict="REVIEW" if item.name == "n07" else "PASS")),
    )
    page = write_report(tmp_path / "out").read_text()
    assert "http" not in page
    assert "<script" not in page
    assert page.count("data:image/jpeg") == 12
    assert page.index(">n07</h3>") < page.index(">n00</h3>")  # outliers first
    assert "noise level, in the order of the archive" in page
