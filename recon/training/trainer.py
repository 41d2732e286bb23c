"""What a network brings to be trained, calibrated and shipped; the commands know no network by name.

A recipe names its trainer, the folder in ``recon/training`` that makes its data and its loss::

    trainer: ct

and that folder holds a module ``trainer`` with one object, ``TRAINER``.
"""

from __future__ import annotations

import hashlib
import importlib
import json
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from recon.errors import InvalidRequest

R = TypeVar("R", bound=BaseModel)


@dataclass(frozen=True)
class Shipped:
    """A model version as it was written.

    Attributes
    ----------
    folder
        In the repository.
    sha256
        Over its files.
    calibration
        Factor, coverage and width on what was held out.
    """

    folder: Path
    sha256: str
    calibration: dict[str, Any]


class Trainer(ABC, Generic[R]):
    """One kind of network.

    Attributes
    ----------
    recipe
        The class that its recipes are read as.
    """

    recipe: type[R]

    @abstractmethod
    def fit(self, recipe: R, roots: list[Path], work: Path, minutes: float | None) -> Path:
        """Train, or go on from the checkpoint in ``work``; returns the checkpoint.

        Raises
        ------
        FileNotFoundError
            When a source of the recipe lies under none of ``roots``.
        """

    @abstractmethod
    def ship(self, recipe: R, roots: list[Path], work: Path, folder: Path, version: str) -> Shipped:
        """Write a version of the model, calibrated as it will be served on all that the recipe holds out."""


def trainer_of(path: Path) -> tuple[Trainer[Any], Any]:
    """The trainer that a recipe names, and the recipe as that trainer reads it.

    Raises
    ------
    InvalidRequest
        When there is no such file or trainer, or a value is missing, unknown or out of range.
    """
    if not path.exists():
        raise InvalidRequest(f"{path}: no such recipe; name one with --recipe")
    try:
        raw = yaml.safe_load(path.read_text())
    except yaml.YAMLError as error:
        raise InvalidRequest(f"{path}: no YAML: {str(error).splitlines()[0]}") from error
    name = str(raw.pop("trainer", "")) if isinstance(raw, dict) else ""
    folders = Path(__file__).parent.glob("*/trainer.py")
    known = sorted(folder.parent.name for folder in folders)
    if name not in known:
        raise InvalidRequest(f"{path}: trainer is {name!r}; there are {', '.join(known)}")
    trainer: Trainer[Any] = importlib.import_module(f"recon.training.{name}.trainer").TRAINER
    try:
        return trainer, trainer.recipe.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InvalidRequest(f"{path}: {where}: {first['msg']}", field=where) from error


def key_of(recipe: BaseModel, *fields: str) -> str:
    """Short name for a cache that depends on these fields of a recipe (all by default)."""
    content = recipe.model_dump(mode="json", include=set(fields) or None)
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]
