"""Reading ``node.yaml``: paths are relative to it, and every mistake is told with its place, in one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from recon.doors.node.config import NodeConfig
from recon.errors import InvalidRequest, UnreadableInput


def read_config(path: Path) -> NodeConfig:
    """Read a file; paths in it are relative to its folder.

    Raises
    ------
    UnreadableInput
        When it can't be read or is no YAML.
    InvalidRequest
        When something in it is wrong; the message names the place of every mistake.
    """
    try:
        content = yaml.safe_load(path.read_text())
    except OSError as error:
        raise UnreadableInput(f"{path}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UnreadableInput(f"{path}: no YAML: {' '.join(str(error).split())}") from error
    return config_of(content, str(path), path.resolve().parent)


def config_of(content: Any, where: str, base: Path) -> NodeConfig:
    """A configuration from what a YAML file holds.

    Parameters
    ----------
    content
        Of the file.
    where
        What to call it in messages.
    base
        Folder that relative paths start from.

    Raises
    ------
    InvalidRequest
        When something in it is wrong.
    """
    if not isinstance(content, dict):
        raise InvalidRequest(f"{where}: names and values are wanted at the top, such as 'titles: [RECON]'")
    try:
        config = NodeConfig.model_validate(content)
    except ValidationError as error:
        words = "; ".join(_said(one) for one in error.errors())
        raise InvalidRequest(f"{where}: {words}") from error
    return NodeConfig.model_validate(_absolute(config.model_dump(exclude_unset=True), base))


def _said(error: Any) -> str:
    place = ".".join(str(part) for part in error["loc"])
    message = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        message = "no such word here"
    return f"{place}: {message}" if place else message


def _absolute(value: Any, base: Path) -> Any:
    if isinstance(value, dict):
        return {name: _absolute(part, base) for name, part in value.items()}
    if isinstance(value, list):
        return [_absolute(part, base) for part in value]
    return base / value if isinstance(value, Path) else value
