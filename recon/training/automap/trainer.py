"""AUTOMAP, one network for each encoding, as the commands see it."""

from __future__ import annotations

from pathlib import Path

from recon.backend.configuration import parameters_in
from recon.training.automap.fit import train
from recon.training.automap.recipe import AutomapRecipe
from recon.training.automap.ship import ship_automap
from recon.training.trainer import Shipped, Trainer


class AutomapTrainer(Trainer[AutomapRecipe]):
    """Starts from the regularised inverse of the encoding."""

    recipe = AutomapRecipe

    def fit(self, recipe: AutomapRecipe, roots: list[Path], work: Path, minutes: float | None) -> Path:
        """See :class:`recon.training.trainer.Trainer`."""
        return train(recipe, roots, work, minutes)

    def ship(self, recipe: AutomapRecipe, roots: list[Path], work: Path, folder: Path, version: str) -> Shipped:
        """See :class:`recon.training.trainer.Trainer`."""
        if version != "1":
            raise NotImplementedError("what surrounds these weights is kept for one version; write version 1")
        calibration = ship_automap(recipe, roots, work, folder.parent)
        return Shipped(folder, parameters_in(folder)["sha256.1"], calibration)


TRAINER = AutomapTrainer()
