"""Recipes of AUTOMAP networks, validated when read."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class PictureSource(BaseModel):
    """Where pictures come from: a NIfTI volume sliced along its three axes, or a folder of photographs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    path: str
    kind: Literal["anatomy", "photographs"]
    every: int = Field(1, gt=0)


class AutomapRecipe(BaseModel):
    """How a network is trained; see ``models/automap_*/recipe.yaml``.

    Attributes
    ----------
    encoding
        Name in :mod:`recon.physics.encoding`.
    design_decibel
        Signal-to-noise ratio of the samples that the first layer's inverse is regularised for.
    least_decibel, most_decibel
        Range of the signal-to-noise ratio in training.
    photographs
        Share of photographs among the training images.
    start_from
        Encoding whose trained convolutions this training starts from: what is left to do after the
        linear inverse is much alike.
    last_layer_batches
        Batches that the last layer is then solved for by least squares before training; 0 for not.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    seed: int = 1
    encoding: str
    start_from: str | None = None
    last_layer_batches: int = Field(0, ge=0)
    side: int = 64
    first_rank: int = Field(16, gt=0)
    second_rank: int = Field(32, gt=0)
    channels: int = Field(64, gt=0)
    design_decibel: float = 28.0
    least_decibel: float = 20.0
    most_decibel: float = 45.0
    photographs: float = Field(0.35, ge=0, le=1)
    covariance_images: int = Field(12000, gt=0)
    steps: int = Field(gt=0)
    batch: int = Field(16, gt=0)
    learning_rate: float = Field(1e-3, gt=0)
    sources: list[PictureSource]
    held_out: list[PictureSource] = []


class DautomapRecipe(BaseModel):
    """How dAUTOMAP is trained; see ``models/dautomap/recipe.yaml``.

    Attributes
    ----------
    crop
        Side of the part of an image that the U-Net is trained on in a step.
    last_layer_batches
        Batches that the last layer is solved for by least squares before training; 0 for not.
    least_acceleration, most_acceleration
        Range of the under-sampling, lines of the matrix over lines measured.
    least_centre, most_centre
        Range of the number of lines about the centre that are always measured.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    seed: int = 1
    side: int = 256
    channels: tuple[int, ...] = (32, 64, 96)
    blocks: tuple[int, ...] = (1, 1, 1)
    crop: int = Field(128, multiple_of=8)
    last_layer_batches: int = Field(0, ge=0)
    least_acceleration: float = 2.0
    most_acceleration: float = 4.0
    least_centre: int = 16
    most_centre: int = 28
    least_decibel: float = 20.0
    most_decibel: float = 45.0
    photographs: float = Field(0.35, ge=0, le=1)
    steps: int = Field(gt=0)
    batch: int = Field(4, gt=0)
    learning_rate: float = Field(1e-3, gt=0)
    sources: list[PictureSource]
    held_out: list[PictureSource] = []
