"""Settings of the service; each can be given as an environment variable ``RECON_...``."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict, SettingsError

from recon.engine.limits import Limits
from recon.errors import InvalidRequest, quoted
from recon.serving.triton.device import Device

_PREFIX, _WITHIN = "RECON_", "__"


class Settings(BaseSettings):
    """Everything that ``recon serve`` can be told."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, env_nested_delimiter=_WITHIN)

    listen: str = "127.0.0.1:50051"
    workers: int = Field(1, ge=1, le=64)
    triton: str | None = None
    triton_ca: Path | None = None
    triton_token_file: Path | None = None
    repository: Path | None = None
    tasks: tuple[str, ...] = ()
    device: Device = Device.AUTO
    tuning: Annotated[tuple[Path, ...], NoDecode] = ()
    latency_ms: dict[str, Annotated[float, Field(gt=0)]] = Field(default_factory=dict)
    metrics: str | None = None
    traces: str | None = Field(default_factory=lambda: os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"))
    tls_cert: Path | None = None
    tls_key: Path | None = None
    client_ca: Path | None = None
    drain_s: float = Field(30.0, ge=0)
    limits: Limits = Limits()

    @field_validator("tuning", mode="before")
    @classmethod
    def _paths(cls, value: Any) -> Any:
        """``RECON_TUNING`` holds paths as ``PATH`` does."""
        return tuple(filter(None, value.split(os.pathsep))) if isinstance(value, str) else value


def settings_of(given: Mapping[str, Any]) -> Settings:
    """What was said, and for the rest what the environment says.

    Parameters
    ----------
    given
        Settings by name, as options give them.

    Raises
    ------
    InvalidRequest
        Naming the option or the variable that can't be.
    """
    try:
        return Settings(**given)
    except ValidationError as error:
        first = error.errors()[0]
        place = [str(part) for part in first["loc"]]
        name = f"--{place[0].replace('_', '-')}" if place[0] in given else _variable(place)
        raise InvalidRequest(f"{name} is {quoted(first['input'])}: {first['msg']}") from error
    except SettingsError as error:  # what holds several things is JSON there
        found = re.search(r'field "(\w+)"', str(error))
        name = _variable([found[1] if found else ""])
        raise InvalidRequest(f"{name} is {quoted(os.environ.get(name, ''))}, which is no JSON") from error


def _variable(place: list[str]) -> str:
    """Of the environment, in which one of a group of settings may have a name of its own."""
    own = (_PREFIX + _WITHIN.join(place)).upper()
    return own if own in os.environ else (_PREFIX + place[0]).upper()


def content_of(path: Path | None) -> bytes | None:
    """What the file holds that a setting names; None where none is named.

    Raises
    ------
    InvalidRequest
        When it can't be read.
    """
    if path is None:
        return None
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidRequest(f"can't read {path}: {error.strerror}") from error
