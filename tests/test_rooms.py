"""Imports point one way, and nothing heavy reaches client or server."""

from __future__ import annotations

import ast
import functools
import re
import subprocess
import sys
from pathlib import Path

import pytest

import recon

ROOT = Path(recon.__file__).parent
#: Each room and the rooms that it may import from.
BASE = {"errors", "plug_ins", "volumes", "arrays", "v1"}
INNER = BASE | {"values", "io", "physics", "probes", "quality", "wire"}
MAY_IMPORT = {
    "errors": set(),
    "plug_ins": {"errors"},
    "arrays": set(),
    "volumes": BASE,
    "v1": {"v1"},
    "values": BASE | {"quality", "values"},
    "machine": BASE,
    "io": BASE | {"values", "physics", "quality", "io"},
    "physics": BASE | {"physics"},
    "quality": BASE | {"quality"},
    "probes": BASE | {"quality", "probes"},
    "comparison": BASE | {"quality", "io", "tasks", "comparison"},
    "preservation": BASE | {"quality", "physics", "probes", "preservation"},
    "wire": BASE | {"values", "quality", "wire"},
    "tasks": INNER | {"tasks"},
    "engine": INNER | {"backend", "tasks", "engine"},
    "client": INNER | {"tasks", "engine", "client"},
    "backend": {"backend", "physics", "arrays"},
    "serving": INNER | {"backend", "machine", "tasks", "engine", "serving"},
    "jobs": INNER | {"tasks", "client", "jobs"},
    "reading": BASE | {"quality", "reading"},
    "doors": INNER | {"tasks", "client", "jobs", "batch", "reading", "comparison", "doors"},
    "batch": INNER | {"tasks", "client", "jobs", "reading", "batch"},
    "bench": INNER
    | {"backend", "machine", "tasks", "engine", "serving", "client", "doors", "bench", "training", "networks"},
    "networks": BASE | {"networks"},
    "training": INNER | {"preservation", "backend", "tasks", "networks", "training"},
    "cli": INNER
    | {
        "backend",
        "engine",
        "tasks",
        "serving",
        "client",
        "jobs",
        "reading",
        "doors",
        "batch",
        "bench",
        "training",
        "cli",
    }
    | {"preservation", "comparison"},
}


@functools.cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


@functools.cache
def _nodes(path: Path) -> list[ast.stmt | ast.expr]:
    """Imports and classes of a module, wherever they stand in it."""
    kinds = ast.Import | ast.ImportFrom | ast.ClassDef
    return [node for node in ast.walk(_tree(path)) if isinstance(node, kinds)]


def _room(path: Path) -> str:
    relative = path.relative_to(ROOT)
    return relative.parts[0].removesuffix(".py")


def _imported(path: Path) -> set[str]:
    rooms = set()
    for node in _nodes(path):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        rooms |= {name.split(".")[1] for name in names if name.startswith("recon.")}
    return {room for room in rooms if (ROOT / room).exists() or (ROOT / f"{room}.py").exists()}


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_point_one_way(path: Path) -> None:
    room = _room(path)
    if room == "__init__":
        return
    assert _imported(path) <= MAY_IMPORT[room]


def _named_tasks(path: Path) -> set[str]:
    """Tasks whose folders a module imports from."""
    names: set[str] = set()
    for node in _nodes(path):
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    parts = [name.split(".") for name in names if name.startswith("recon.tasks.")]
    return {words[2] for words in parts if (ROOT / "tasks" / words[2]).is_dir()}


def test_nobody_imports_a_task_by_name() -> None:
    """Only what is a task's own and says so by its path, such as ``training/ct`` or ``evaluating/ct.py``."""
    for path in ROOT.rglob("*.py"):
        own = {part.removesuffix(".py") for part in path.relative_to(ROOT).parts}
        assert _named_tasks(path) <= own, path


@pytest.mark.parametrize(
    ("library", "rooms"),
    [
        ("grpc", {"wire", "client", "serving", "bench", "v1"}),
        ("torch", {"networks", "training", "bench/torch_eager.py"}),
    ],
)
def test_heavy_libraries_stay_in_their_rooms(library: str, rooms: set[str]) -> None:
    for path in ROOT.rglob("*.py"):
        names: set[str] = set()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names.add((node.module or "").partition(".")[0])
        assert library not in names or not rooms.isdisjoint({_room(path), str(path.relative_to(ROOT))}), path


#: Rooms and files that are about one task, or measure with the tasks that ship.
OF_A_TASK = {"tasks", "training", "bench", "cli", "client/calls.py", "doors/mrd/options.py"}


def test_other_rooms_know_no_task_by_its_name() -> None:
    """``contrast`` is left out: it is also a counter of ISMRMRD, and what a lesion has."""
    for path in ROOT.rglob("*.py"):
        if OF_A_TASK.isdisjoint({_room(path), str(path.relative_to(ROOT))}):
            words = {node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)}
            assert words.isdisjoint({"ct", "mr"}), path


def _modules_after(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in done.stdout.split()}


def test_the_client_stays_small() -> None:
    loaded = _modules_after("import recon.client, recon.cli.main")
    # nibabel loads SciPy where it is installed; the client itself does not need it
    assert not loaded & {"torch", "deepinv", "tritonclient", "pytriton", "openvino", "matplotlib"}


def test_the_server_has_no_torch() -> None:
    loaded = _modules_after("import recon.serving.server")
    assert not loaded & {"torch", "deepinv", "scipy", "skimage", "matplotlib", "opentelemetry"}


def test_generated_code_is_current(tmp_path: Path) -> None:
    from grpc_tools import protoc

    proto = ROOT.parent / "proto"
    files = [str(path) for path in sorted(proto.rglob("*.proto"))]
    targets = [f"--{kind}_out={tmp_path}" for kind in ("python", "pyi", "grpc_python")]
    assert protoc.main(["protoc", f"-I{proto}", *targets, *files]) == 0
    for made in (tmp_path / "recon" / "v1").iterdir():
        assert made.read_text() == (ROOT / "v1" / made.name).read_text(), f"run `make proto`: {made.name}"


#: Triton's own name for what it loads.
SHARED_NAMES = {"TritonPythonModel"}


def test_one_name_is_one_class_or_alias() -> None:
    homes: dict[str, list[str]] = {}
    for path in sorted(ROOT.rglob("*.py")):
        if _room(path) == "v1":
            continue
        tree = _tree(path)
        names = [node.name for node in _nodes(path) if isinstance(node, ast.ClassDef)]
        for node in tree.body:
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            aliases = (target.id for target in targets if isinstance(target, ast.Name))
            names += [name for name in aliases if re.fullmatch(r"[A-Z][a-z]\w*", name)]
        for name in names:
            homes.setdefault(name, []).append(str(path.relative_to(ROOT)))
    assert {name: found for name, found in homes.items() if len(found) > 1 and name not in SHARED_NAMES} == {}


#: How many modules of a room have no test file of their own, at ``tests/ROOM/.../test_MODULE.py``: most of them are
#: tested through what uses them. Lower a number when a module gets its test; a new module brings its own.
WITHOUT_A_TEST = {
    "arrays": 1,
    "backend": 6,
    "batch": 1,
    "bench": 17,
    "cli": 31,
    "client": 2,
    "comparison": 4,
    "doors": 13,
    "engine": 10,
    "io": 8,
    "physics": 1,
    "preservation": 1,
    "serving": 10,
    "tasks": 14,
    "training": 26,
    "values": 2,
}


def test_tests_lie_where_what_they_test_lies() -> None:
    tests = {str(path.relative_to(ROOT.parent / "tests")) for path in (ROOT.parent / "tests").rglob("test_*.py")}
    without: dict[str, list[str]] = {}
    for path in sorted(ROOT.rglob("*.py")):
        place = path.relative_to(ROOT)
        if place.parts[0] == "v1" or path.name in ("__init__.py", "__main__.py"):
            continue
        if str(place.with_name(f"test_{place.name}")) not in tests:
            without.setdefault(_room(path), []).append(str(place))
    for room, modules in without.items():
        assert len(modules) <= WITHOUT_A_TEST.get(room, 0), f"give one of these its test: {modules}"
