"""What lies beside the weights is what the sources say, and runs without the package."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from recon.backend.build import build, served_code, write_code
from recon.backend.configuration import of_version, parameters_in, sha256_of
from recon.engine.repository import default_repository

VERSIONS = sorted(path.parent for path in default_repository().glob("*/*/model.py"))


@pytest.mark.parametrize("version", VERSIONS, ids=lambda path: path.parent.name)
def test_the_code_that_is_served_is_made_of_these_sources(version: Path) -> None:
    wanted = served_code(parameters_in(version.parent)["served_by"])
    found = {str(path.relative_to(version)): path.read_bytes() for path in version.rglob("*.py")}
    assert found == wanted, "run `make served`"


@pytest.mark.parametrize("version", VERSIONS, ids=lambda path: path.parent.name)
def test_the_configuration_names_the_files_beside_it(version: Path) -> None:
    parameters = of_version(parameters_in(version.parent), version.name)
    assert sha256_of([version / name for name in parameters["files"].split(",")]) == parameters["sha256"]


def test_a_model_that_is_its_code_is_named_by_it(tmp_path: Path) -> None:
    folder = tmp_path / "classical"
    (folder / "1").mkdir(parents=True)
    (folder / "config.pbtxt").write_text((default_repository() / "mr_classical" / "config.pbtxt").read_text())
    stated = parameters_in(folder)["sha256.1"]
    assert build(tmp_path) == [folder / "1"]
    assert parameters_in(folder)["sha256.1"] == stated
    (folder / "1" / "model.py").write_text("other")
    build(tmp_path)
    assert parameters_in(folder)["sha256.1"] == stated


@pytest.mark.parametrize("name", ["network", "mr_unrolled", "mr_classical", "automap", "dautomap"])
def test_the_code_needs_no_package_of_ours(name: str, tmp_path: Path) -> None:
    write_code(tmp_path, name)
    assert not any(b"from recon" in content or b"import recon" in content for content in served_code(name).values())
    code = "import sys, model; print('recon' in sys.modules, model.TritonPythonModel.__mro__[1].__name__)"
    command = [sys.executable, "-P", "-c", f"import sys; sys.path.append('.'); {code}"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "PythonModel"]
