"""``config.pbtxt``: what Triton and the gateway are told about a model, one version beside another."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from recon.backend import model as backend

_CONFIG = """\
# Written by `recon export`; do not edit.
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
_PARAMETER = re.compile(r'key: "([^"]+)" value: { string_value: "([^"]*)" }')
#: Parameters that each version has of its own.
_OF_A_VERSION = ("files", "sha256", "conformal_factor", "warm_shape")


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
    inputs, outputs
        Its tensors.
    is_default
        Whether the task uses it where a request names none.
    extra
        Further parameters.
    """

    task: str
    description: str
    inputs: Sequence[Entry]
    outputs: Sequence[Entry]
    is_default: bool = False
    extra: Mapping[str, str] = field(default_factory=dict)


def write_version(
    folder: Path, version: str, config: ModelConfig, files: Sequence[str], factor: float, warm_shape: str,
    served_by: Path | None = None,
) -> str:  # fmt: skip
    """Put the backend beside a version's files and name them in the configuration; other versions stay.

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
        What the backend runs once when it is loaded.
    served_by
        The file that runs inside Triton; the shared one by default.

    Returns
    -------
    str
        The SHA-256.
    """
    path = folder / "config.pbtxt"
    known = dict(_PARAMETER.findall(path.read_text())) if path.exists() else {}
    kept = {key: value for key, value in known.items() if key.rpartition(".")[0] in _OF_A_VERSION}
    digest = hashlib.sha256(b"".join((folder / version / name).read_bytes() for name in files)).hexdigest()
    shutil.copyfile(served_by or Path(backend.__file__), folder / version / "model.py")
    own = {"files": ",".join(files), "sha256": digest, "conformal_factor": f"{factor:.4f}", "warm_shape": warm_shape}
    parameters = {
        "task": config.task, "description": config.description, "default": "yes" if config.is_default else "no",
        **config.extra, **kept, **{f"{key}.{version}": value for key, value in own.items()},
    }  # fmt: skip
    lines = [f'  {{ key: "{key}" value: {{ string_value: "{value}" }} }}' for key, value in parameters.items()]
    path.write_text(
        _CONFIG.format(
            name=folder.name,
            inputs=_entries("input", config.inputs),
            outputs=_entries("output", config.outputs),
            parameters=",\n".join(lines),
        )
    )
    return digest


def parameters_in(folder: Path) -> dict[str, str]:
    """Parameters of a model's configuration."""
    return dict(_PARAMETER.findall((folder / "config.pbtxt").read_text()))


def _entries(kind: str, entries: Sequence[Entry]) -> str:
    return f"{kind} [\n  " + ",\n  ".join(map(str, entries)) + "\n]"
