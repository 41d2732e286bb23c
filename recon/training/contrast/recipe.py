"""Recipe of the contrast network."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from recon.training.contrast.anatomy import HeadSource


class ContrastRecipe(BaseModel):
    """How ``contrast_enhance`` is trained; see ``models/contrast_enhance/recipe.yaml``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seed: int = 1
    channels: tuple[int, ...] = (32, 64, 128)
    blocks: tuple[int, ...] = (1, 1, 2)
    steps: int = Field(gt=0)
    batch: int = Field(16, gt=0)
    patch: int = Field(96, ge=32, multiple_of=8)
    learning_rate: float = Field(1e-3, gt=0)
    pool: int = Field(8, gt=0, description="simulated volumes kept at a time")
    steps_per_volume: int = Field(6, gt=0)
    start: str = Field("", description="served file to begin from; empty: from scratch")
    blend: float = Field(1.0, gt=0, le=1, description="share of the trained weights, the rest being those at the start")
    response_weight: float = Field(0.0, ge=0, description="of the response to faint lesions, in the loss")
    core_weight: float = Field(0.7, ge=0, le=1, description="share of lesions' inner voxels in the interval's loss")
    slab: int = Field(64, ge=16, description="slices of a simulated volume")
    sources: list[HeadSource]
    held_out: list[HeadSource] = []
