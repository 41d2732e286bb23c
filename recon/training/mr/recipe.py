"""The recipe of ``mr_unrolled``; see ``models/mr_unrolled/recipe.yaml``."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from recon.training.mr.anatomy import MrSource


class MeasuredScan(BaseModel):
    """k-space without gaps that a scanner measured; the interval is tried on it, and nothing is made of it.

    Attributes
    ----------
    name, path
        What was scanned, and the file below one of the data folders: ``kspace`` (slice, coil, ky, kx).
    slices
        That are taken.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    path: str
    slices: tuple[int, ...] = (0,)


class MrRecipe(BaseModel):
    """Everything needed to train the network again."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seed: int = 1
    channels: tuple[int, ...] = (32, 64, 96)
    blocks: tuple[int, ...] = (1, 1, 1)
    cascades: int = Field(3, gt=0)
    repeats: int = Field(1, gt=0)
    steps: int = Field(gt=0)
    learning_rate: float = Field(5e-4, gt=0)
    objects: int = Field(4000, gt=0)
    arrays: int = Field(1500, gt=0)
    #: Share of the objects that are phantoms.
    phantoms: float = Field(0.0, ge=0, lt=1)
    #: Noise of a coil's complex samples over the bright pixels, from and to.
    noise: tuple[float, float] = (0.002, 0.04)
    #: Version folder of a served network to go on from: its weights, and its refinement of sensitivities.
    start: str = ""
    blend: float = Field(1.0, gt=0, le=1, description="share of the trained weights, the rest being those at the start")
    sources: list[MrSource]
    held_out: list[MrSource] = []
    measured: list[MeasuredScan] = []
    draws: int = Field(1, gt=0)  # of each mask, to calibrate: a volume and class of coils, and a measured slice
    #: Coverage that each anatomy must have by the factors of the others, or the group has no interval: simulated
    #: ones, of which a group has few scans, and measured ones, which count for more.
    accepted: tuple[float, float] = (0.7, 0.99)
    least_scans: int = Field(8, gt=0)  # of a group that is calibrated
    accepted_measured: tuple[float, float] = (0.86, 0.99)
