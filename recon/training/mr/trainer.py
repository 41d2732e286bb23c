"""The unrolled MR network, as the commands see it."""

from __future__ import annotations

from pathlib import Path

from recon.backend.configuration import parameters_in
from recon.training.mr import fit
from recon.training.mr.recipe import MrRecipe
from recon.training.mr.ship import ship
from recon.training.trainer import Shipped, Trainer


class MrTrainer(Trainer[MrRecipe]):
    """Trains on simulated scans of real anatomy."""

    recipe = MrRecipe

    def fit(self, recipe: MrRecipe, roots: list[Path], work: Path, minutes: float | None) -> Path:
        """See :class:`recon.training.trainer.Trainer`."""
        return fit.fit(recipe, roots, work, minutes)

    def ship(self, recipe: MrRecipe, roots: list[Path], work: Path, folder: Path, version: str) -> Shipped:
        """See :class:`recon.training.trainer.Trainer`."""
        if version != "1":
            raise NotImplementedError("the loop beside these weights is kept for one version; write version 1")
        calibration = ship(work / "checkpoint.safetensors", recipe, roots, folder, work)
        return Shipped(folder, parameters_in(folder)["sha256.1"], calibration)


TRAINER = MrTrainer()
