"""The CT denoiser, as the commands see it."""

from __future__ import annotations

from pathlib import Path

from recon.backend.build import write_version
from recon.training import checkpoint
from recon.training.calibrate import served
from recon.training.ct import fit
from recon.training.ct.calibrate import calibrate
from recon.training.ct.export import WARM_SHAPE, config_of, write_onnx
from recon.training.ct.validation import read_pairs
from recon.training.export import read_weights
from recon.training.recipe import CtRecipe
from recon.training.trainer import Shipped, Trainer


class CtTrainer(Trainer[CtRecipe]):
    """Trains on simulated dose; chooses and calibrates on the real pairs that the recipe names."""

    recipe = CtRecipe

    def fit(self, recipe: CtRecipe, roots: list[Path], work: Path, minutes: float | None) -> Path:
        """See :class:`recon.training.trainer.Trainer`."""
        return fit.fit(recipe, roots, work, minutes, list(read_pairs(recipe.pairs, roots).values()))

    def ship(self, recipe: CtRecipe, roots: list[Path], work: Path, folder: Path, version: str) -> Shipped:
        """See :class:`recon.training.trainer.Trainer`."""
        weights = folder / version / "model.onnx"
        trained = checkpoint.load_average(work / "checkpoint.safetensors")
        if recipe.start and recipe.blend < 1:
            trained = checkpoint.blended(trained, read_weights(Path(recipe.start)), recipe.blend)
        write_onnx(trained, recipe, weights)
        calibration = calibrate(served(weights), recipe, roots, work)
        factor = calibration["conformal_factor"]
        sha256 = write_version(folder, version, config_of(recipe), [weights.name], factor, WARM_SHAPE)
        return Shipped(folder, sha256, calibration)


TRAINER = CtTrainer()
