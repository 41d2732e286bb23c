"""Tasks are found by folder and by entry point, and nobody else knows their names."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from recon.errors import InvalidRequest
from recon.tasks.registry import task_of, tasks
from recon.wire.calls import path_of, request_of, response_of


def test_our_own_are_the_folders() -> None:
    assert set(tasks()) == {"ct", "mr", "contrast"}
    assert {path_of(task.method) for task in tasks().values()} == {
        "/recon.v1.CtService/Denoise",
        "/recon.v1.MrService/Reconstruct",
        "/recon.v1.ContrastService/Synthesize",
    }


def test_every_method_has_the_parts_that_engine_and_client_speak() -> None:
    for task in tasks().values():
        asked, answered = request_of(task.method).DESCRIPTOR, response_of(task.method).DESCRIPTOR
        header = asked.oneofs_by_name["part"].fields[0]
        assert header.name == "header"
        assert {"model", "model_version"} <= set(header.message_type.fields_by_name)
        assert [part.name for part in answered.oneofs_by_name["part"].fields] == [
            "accepted",
            "chunk",
            "slice",
            "report",
        ]


def test_a_task_that_is_not_there_is_named() -> None:
    with pytest.raises(InvalidRequest, match="no task 'pet'; there are contrast, ct, mr"):
        task_of("pet")


def _installed(folder: Path, points: dict[str, str]) -> None:
    """A distribution of that folder that announces tasks."""
    info = folder / "site_tasks-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: site-tasks\nVersion: 1.0\n")
    lines = [f"{name} = {value}" for name, value in points.items()]
    (info / "entry_points.txt").write_text("\n".join(["[recon.tasks]", *lines]) + "\n")


@pytest.mark.parametrize(
    ("points", "said"),
    [
        ({"toy": "tests.toy:TASK"}, "contrast ct mr toy"),
        ({"toy": "tests.toy:METHOD"}, "entry point toy of recon.tasks is no task"),
        ({"ct": "recon.tasks.ct.task:TASK"}, "two tasks are called ct"),
    ],
)
def test_a_site_adds_its_own_by_entry_point(tmp_path: Path, points: dict[str, str], said: str) -> None:
    _installed(tmp_path, points)
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from recon.tasks.registry import tasks; print(*tasks())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert said in done.stdout + done.stderr
