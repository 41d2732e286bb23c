"""What is missing is said with what brings it, and the table of that is the project's own file."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import pytest

import recon
from recon.cli import main as module
from recon.cli.extras import EXTRAS, missing

ROOT = Path(recon.__file__).parent
PROJECT = tomllib.loads((ROOT.parent / "pyproject.toml").read_text())["project"]


def _name(requirement: str) -> str:
    return re.sub(r"[-_.]+", "-", re.split(r"[\s\[<>=!~;]", requirement, maxsplit=1)[0]).lower()


def _held(extra: str) -> set[str]:
    """Distributions that an extra brings, also through another one."""
    found: set[str] = set()
    for line in PROJECT["optional-dependencies"][extra]:
        inner = re.match(r"recon\[(.*)\]", line)
        found |= set().union(*map(_held, inner[1].split(","))) if inner else {_name(line)}
    return found


def _third_party() -> set[str]:
    """Modules that recon imports anywhere and that are neither Python's nor its own."""
    found = set()
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            found |= {name.partition(".")[0] for name in names}
    return found - set(sys.stdlib_module_names) - {"recon"}


def test_every_extra_that_is_named_brings_its_module() -> None:
    where = packages_distributions()
    for name, extras in EXTRAS.items():
        for extra in extras:
            held = {one.removesuffix("-gpu") for one in _held(extra)}  # the same modules
            for _ in range(2):  # dask[distributed] brings distributed, and that tornado
                held |= {_name(line) for one in held for line in _requires(one)}
            given = {_name(one) for one in where.get(name, [])}
            assert not given or given & held, (name, extra)


def _requires(distribution: str) -> list[str]:
    try:
        return requires(distribution) or []
    except ModuleNotFoundError:
        return []


def test_every_module_that_may_be_missing_is_known() -> None:
    always = {_name(line) for line in PROJECT["dependencies"]}
    where = packages_distributions()
    for name in _third_party() - EXTRAS.keys() - {"triton_python_backend_utils"}:  # Triton's own
        assert {_name(one) for one in where.get(name, [])} & (always | {"googleapis-common-protos"}), name


@pytest.mark.parametrize(
    ("name", "command", "extra"),
    [
        ("uvicorn", "view", "view"),
        ("uvicorn", "node", "node"),
        ("pynetdicom.sop_class", "node", "node"),
        ("jsonschema", "bench", "bench"),
        ("pydantic", "node", "node"),
        ("torch", "train", "train"),
        ("matplotlib", "compare", "serve"),
        ("matplotlib", "view", "view"),
    ],
)
def test_what_a_command_lacks_is_named(name: str, command: str, extra: str) -> None:
    assert (
        missing(name, command).problem == f"{name} is not installed; in the folder of recon: pip install '.[{extra}]'"
    )


def test_a_module_of_somebody_else_is_named_without_an_extra() -> None:
    assert missing("site_perfusion", "ct").problem.startswith("site_perfusion is not installed, and no extra of recon")


def test_the_command_says_it_in_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def app(**given: object) -> None:
        raise ModuleNotFoundError("No module named 'uvicorn'", name="uvicorn")

    monkeypatch.setattr(module, "app", app)
    monkeypatch.setattr("sys.argv", ["recon", "view", "results"])
    with pytest.raises(SystemExit) as done:
        module.main()
    assert done.value.code == 2
    assert capsys.readouterr().err == "recon: uvicorn is not installed; in the folder of recon: pip install '.[view]'\n"
