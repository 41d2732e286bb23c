"""Puts beside each model's weights the code that runs it: ``python -m recon.backend.build REPOSITORY``.

Beside ``model.py``, which Triton loads, lies the package ``served`` with copies of the files of ``recon``
that it needs and of no others. Triton's Python backend puts the folder of ``model.py`` on the path of the
process that runs it (seen with 2.51, which is embedded), and each model has a process of its own, so that
packages of the same name do not meet.
"""

from __future__ import annotations

import ast
import re
import shutil
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from recon.backend.configuration import FILE, ModelConfig, of_version, parameters_in, sha256_of, write_config

_PACKAGE = Path(__file__).parents[1]
_MODEL = '''"""Made by `make served` of recon/backend/{name}.py; do not edit."""

from served.backend.{name} import TritonPythonModel

__all__ = ["TritonPythonModel"]
'''
_INIT = '"""Made by `make served` of files of recon; do not edit."""\n'
_FROM = re.compile(r"^(\s*from )recon(\.[\w.]+ import )", re.MULTILINE)
#: In the place of weights, for a model that is its code.
CODE = "model.py"


def served_code(name: str) -> dict[str, bytes]:
    """Files by their path beside the weights, for a model that ``recon/backend/<name>.py`` runs.

    Raises
    ------
    FileNotFoundError
        When there is no such file.
    """
    found: dict[str, bytes] = {}
    wanted = [f"backend/{name}.py"]
    while wanted:
        path = wanted.pop()
        text = (_PACKAGE / path).read_text()
        found[f"served/{path}"] = _FROM.sub(r"\1served\2", text).encode()
        wanted += [other for other in _needs(text) if f"served/{other}" not in found and other not in wanted]
    for path in list(found):
        for folder in Path(path).parents:
            if folder != Path("."):
                found[f"{folder}/__init__.py"] = _INIT.encode()
    return {CODE: _MODEL.format(name=name).encode(), **dict(sorted(found.items()))}


def write_code(version: Path, name: str) -> None:
    """Put the code of a model into the folder of a version, in the place of what was there."""
    shutil.rmtree(version / "served", ignore_errors=True)
    for path, content in served_code(name).items():
        (version / path).parent.mkdir(parents=True, exist_ok=True)
        (version / path).write_bytes(content)


def write_version(
    folder: Path,
    version: str,
    config: ModelConfig,
    files: Sequence[str],
    factor: float,
    warm_shape: str,
    conformal_table: str = "",
) -> str:
    """Put the code beside a version's files and name them in the configuration; see :func:`write_config`."""
    write_code(folder / version, config.served_by)
    return write_config(folder, version, config, files, factor, warm_shape, conformal_table)


def build(repository: Path) -> list[Path]:
    """Write the code of every version in a repository; returns their folders."""
    made = []
    for config in sorted(repository.glob(f"*/{FILE}")):
        parameters = parameters_in(config.parent)
        for version in sorted(path for path in config.parent.iterdir() if path.is_dir() and path.name.isdigit()):
            write_code(version, parameters["served_by"])
            if CODE in of_version(parameters, version.name)["files"]:
                _name_code(config, version, parameters)
            made.append(version)
    return made


def _name_code(config: Path, version: Path, parameters: dict[str, str]) -> None:
    """The SHA-256 of a model that is its code is over that code."""
    files = list(served_code(parameters["served_by"]))
    digest = sha256_of([version / file for file in files])
    changed = {f"files.{version.name}": ",".join(files), f"sha256.{version.name}": digest}
    text = config.read_text()
    for key, value in changed.items():
        text = re.sub(rf'(key: "{re.escape(key)}" value: {{ string_value: )"[^"]*"', rf'\1"{value}"', text)
    config.write_text(text)


def _needs(text: str) -> Iterable[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("recon."):
            yield str(node.module).removeprefix("recon.").replace(".", "/") + ".py"


if __name__ == "__main__":
    for made in build(Path(sys.argv[1])):
        print(made)
