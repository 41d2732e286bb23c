"""``config.pbtxt``: what Triton and the gateway are told about a model, written and read in one place."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FILE = "config.pbtxt"
_CONFIG = """\
# Written by `recon export` and `make served`; do not edit.
name: "{name}"
backend: "python"
max_batch_size: 0
{inputs}
{outputs}
instance_group [ {{ count: 1 kind: KIND_CPU }} ]
version_policy {{ all {{ }} }}
parameters [
{parameters}
]
"""
#: As it is written here, and as Triton's own tools write it.
_STRING = r"""("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
_PARAMETER = re.compile(rf"key:\s*{_STRING},?\s*value:?\s*{{\s*string_value:\s*{_STRING}\s*}}")
_STRING_OR_COMMENT = re.compile(rf"{_STRING}|#[^\n]*")
_ESCAPE = re.compile(rb"\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{1,2}|[0-7]{1,3}|.)", re.DOTALL)
_LETTERS = {b"n": b"\n", b"r": b"\r", b"t": b"\t"}
_BLOCK = re.compile(r"^(input|output) \[\n(.*?)^\]", re.MULTILINE | re.DOTALL)
_TENSOR = re.compile(r'name: "([^"]+)" data_type: (TYPE_\w+)')
#: Parameters that each version has of its own.
_OF_A_VERSION = ("files", "sha256", "conformal_factor", "conformal_table", "learned_anatomy", "warm_shape")


@dataclass(frozen=True)
class Entry:
    """A tensor of the model: name, Triton's type, sides (-1 where any will do)."""

    name: str
    dims: tuple[int, ...]
    kind: str = "FP32"
    optional: bool = False

    def __str__(self) -> str:
        optional = " optional: true" if self.optional else ""
        return f'{{ name: "{self.name}" data_type: TYPE_{self.kind} dims: {list(self.dims)}{optional} }}'


@dataclass(frozen=True)
class ModelConfig:
    """What all versions of a model share.

    Attributes
    ----------
    task, description
        Of the model.
    served_by
        The file of :mod:`recon.backend` that runs it.
    inputs, outputs
        Its tensors.
    is_default
        Whether the task uses it where a request names none.
    extra
        Further parameters.
    """

    task: str
    description: str
    served_by: str
    inputs: Sequence[Entry]
    outputs: Sequence[Entry]
    is_default: bool = False
    extra: Mapping[str, str] = field(default_factory=dict)


def write_config(
    folder: Path,
    version: str,
    config: ModelConfig,
    files: Sequence[str],
    factor: float,
    warm_shape: str,
    conformal_table: str = "",
) -> str:
    """Name a version's files in the configuration of its model; other versions stay.

    Parameters
    ----------
    folder
        Of the model in the repository; the files are in ``folder / version`` already.
    version
        A number.
    config
        Of all versions.
    files
        Over which the SHA-256 goes, in this order.
    factor
        Conformal factor.
    warm_shape
        What the model runs once when it is loaded.
    conformal_table
        Factors by condition, :class:`recon.quality.conformal_table.ConformalTable`; empty where one holds for all.

    Returns
    -------
    str
        The SHA-256.
    """
    path = folder / FILE
    known = parameters_in(folder) if path.exists() else {}
    kept = {key: value for key, value in known.items() if key.rpartition(".")[0] in _OF_A_VERSION}
    digest = sha256_of([folder / version / name for name in files])
    own = {"files": ",".join(files), "sha256": digest, "conformal_factor": f"{factor:.4f}", "warm_shape": warm_shape}
    if conformal_table:
        own["conformal_table"] = conformal_table
    parameters = {
        "task": config.task,
        "description": config.description,
        "served_by": config.served_by,
        "default": "yes" if config.is_default else "no",
        **config.extra,
        **kept,
        **{f"{key}.{version}": value for key, value in own.items()},
    }
    lines = [
        f'  {{ key: "{key}" value: {{ string_value: {json.dumps(v, ensure_ascii=False)} }} }}'
        for key, v in parameters.items()
    ]
    path.write_text(
        _CONFIG.format(
            name=folder.name,
            inputs=_entries("input", config.inputs),
            outputs=_entries("output", config.outputs),
            parameters=",\n".join(lines),
        ),
        encoding="utf-8",
    )
    return digest


def parameters_in(folder: Path) -> dict[str, str]:
    """All parameters of a model's configuration, those of a version with its number behind a dot.

    Raises
    ------
    ValueError
        When a text in it is none.
    """
    words = (folder / FILE).read_text(encoding="utf-8")
    active = _STRING_OR_COMMENT.sub(lambda found: found[1] or "", words)
    return {_text(key): _text(value) for key, value in _PARAMETER.findall(active)}


def _text(quoted: str) -> str:
    """A string of protobuf's text format, whose escapes are bytes of UTF-8."""
    return _ESCAPE.sub(_escaped, quoted[1:-1].encode()).decode()


def _escaped(found: re.Match[bytes]) -> bytes:
    code = found[1]
    if code[:1] == b"u":
        return chr(int(code[1:], 16)).encode()
    if code[:1] == b"x" and len(code) > 1:
        return bytes([int(code[1:], 16)])
    return bytes([int(code, 8) % 256]) if code.isdigit() else _LETTERS.get(code, code)


def model_config_in(folder: Path) -> dict[str, Any]:
    """A model's configuration as Triton describes it to the model: tensors and parameters."""
    words = (folder / FILE).read_text(encoding="utf-8")
    tensors = {
        kind: [{"name": name, "data_type": data_type} for name, data_type in _TENSOR.findall(block)]
        for kind, block in _BLOCK.findall(words)
    }
    parameters = {key: {"string_value": value} for key, value in parameters_in(folder).items()}
    return {"name": folder.name, **tensors, "parameters": parameters}


def parameters_of(config: Mapping[str, Any], version: str) -> dict[str, str]:
    """Of Triton's own description of a model: parameters of this version, over those of all versions."""
    return of_version({key: value["string_value"] for key, value in config.get("parameters", {}).items()}, version)


def of_version(parameters: Mapping[str, str], version: str) -> dict[str, str]:
    """Parameters of this version, without its number, over those of all versions."""
    own = {key.rpartition(".")[0]: value for key, value in parameters.items() if key.rpartition(".")[2] == version}
    return {**parameters, **own}


def warm_shapes(words: str, first: str) -> dict[str, list[int]]:
    """Shapes by input: of the first one in ``"1,1,512,512"``, of each in ``"kspace:1,8,64,64;noise:1"``."""
    parts = [part.rpartition(":") for part in words.split(";")]
    return {name or first: [int(side) for side in sides.split(",")] for name, _, sides in parts}


def sha256_of(paths: Sequence[Path]) -> str:
    """Over the bytes of files, in order."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _entries(kind: str, entries: Sequence[Entry]) -> str:
    return f"{kind} [\n  " + ",\n  ".join(map(str, entries)) + "\n]"
