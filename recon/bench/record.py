"""Records of runs: JSON that obeys a schema."""

from __future__ import annotations

import json
import math
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema

from recon.errors import OutputFailed, UnreadableInput


def schema() -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of every record."""
    found: dict[str, Any] = json.loads(resources.files("recon.bench").joinpath("schema.json").read_text())
    return found


def check(record: dict[str, Any]) -> None:
    """Raise ``jsonschema.ValidationError`` where a record does not obey the schema."""
    jsonschema.Draft202012Validator(schema()).validate(record)


def write(record: dict[str, Any], path: Path) -> None:
    """Write a record that obeys the schema.

    Raises
    ------
    OutputFailed
        When the file can't be written.
    """
    clean = _finite(record)
    check(clean)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(clean, indent=1, allow_nan=False) + "\n")
    except OSError as error:
        raise OutputFailed(f"can't write {path}: {error.strerror}") from error


def read(path: Path) -> dict[str, Any]:
    """A record.

    Raises
    ------
    UnreadableInput
        When it is none.
    """
    try:
        record: dict[str, Any] = json.loads(path.read_text())
        check(record)
    except OSError as error:
        raise UnreadableInput(f"can't read {path}: {error.strerror}") from error
    except (ValueError, jsonschema.ValidationError) as error:
        line = str(error).splitlines()[0]
        raise UnreadableInput(f"{path} is no record of recon bench: {line}") from error
    return record


def _finite(value: Any) -> Any:
    """NaN and infinities become null, which JSON has."""
    if isinstance(value, dict):
        return {key: _finite(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
