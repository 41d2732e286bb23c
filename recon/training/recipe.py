"""Recipes: everything needed to train a model again, validated when read."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field

from recon.training.ct.anatomy import AnatomySource


class CtRecipe(BaseModel):
    """How ``ct_denoise`` is trained; see ``models/ct_denoise/recipe.yaml``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seed: int = 1
    description: str = "Low-dose CT denoising, residual U-Net with a 90 % interval"
    is_default: bool = True
    channels: tuple[int, ...] = (64, 96, 128, 160)
    blocks: tuple[int, ...] = (1, 1, 1, 2)
    steps: int = Field(gt=0)
    batch: int = Field(16, gt=0)
    patch: int = Field(96, ge=32, multiple_of=16)
    learning_rate: float = Field(6e-4, gt=0)
    scenes: int = Field(160, gt=0)
    realisations: int = Field(4, ge=2)
    texture_share: float = Field(0.3, ge=0, le=1)
    start: str = Field("", description="served file to begin from; empty: from scratch")
    blend: float = Field(1.0, gt=0, le=1, description="share of the trained weights, the rest being those at the start")
    return_px: float = Field(0.0, ge=0, description="deviation of the low frequencies that are left in, pixels")
    probe_weight: float = Field(0.0, ge=0, description="of the share that probes lose, in the loss")
    lesion_weight: float = Field(1.0, ge=1, description="of the error inside probes")
    sources: list[AnatomySource]
    held_out: list[AnatomySource] = []
    weights: dict[str, float] = {}
    pairs: list[str] = Field([], description="real pairs that settings are chosen and the interval is calibrated on")


Recipe = TypeVar("Recipe", bound=BaseModel)


def read(path: Path, kind: type[Recipe]) -> Recipe:
    """Read and check a recipe.

    Parameters
    ----------
    path
        The file.
    kind
        The class of the model's recipes.

    Raises
    ------
    pydantic.ValidationError
        When a value is missing, unknown or out of range.
    """
    raw: dict[str, Any] = yaml.safe_load(path.read_text())
    raw.pop("trainer", None)
    return kind.model_validate(raw)
