"""The contrast network, as the commands see it."""

from __future__ import annotations

from pathlib import Path

from recon.backend.build import write_version
from recon.training import checkpoint
from recon.training.contrast import fit
from recon.training.contrast.calibrate import calibrate
from recon.training.contrast.export import CONFIG, WARM_SHAPE, write_onnx
from recon.training.contrast.recipe import ContrastRecipe
from recon.training.export import read_weights
from recon.training.trainer import Shipped, Trainer


class ContrastTrainer(Trainer[ContrastRecipe]):
    """Trains on a patient's pair and on anatomy with invented uptake."""

    recipe = ContrastRecipe

    def fit(self, recipe: ContrastRecipe, roots: list[Path], work: Path, minutes: float | None) -> Path:
        """See :class:`recon.training.trainer.Trainer`."""
        return fit.fit(recipe, roots, work, minutes)

    def ship(self, recipe: ContrastRecipe, roots: list[Path], work: Path, folder: Path, version: str) -> Shipped:
        """See :class:`recon.training.trainer.Trainer`."""
        weights = folder / version / "model.onnx"
        trained = checkpoint.load_average(work / "checkpoint.safetensors")
        if recipe.start and recipe.blend < 1:
            trained = checkpoint.blended(trained, read_weights(Path(recipe.start)), recipe.blend)
        write_onnx(trained, recipe, weights)
        calibration = calibrate(read_weights(weights), recipe, roots)
        factor = calibration["conformal_factor"]
        sha256 = write_version(folder, version, CONFIG, [weights.name], factor, WARM_SHAPE)
        return Shipped(folder, sha256, calibration)


TRAINER = ContrastTrainer()
