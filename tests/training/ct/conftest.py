"""A work folder that a training starts in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml

from recon.networks.ct_denoiser import CtDenoiser
from recon.physics.reconstruction_kernel import SOFT, apply_kernel
from recon.training.ct import noise_bank
from recon.training.recipe import CtRecipe
from recon.training.trainer import key_of
from tests.conftest import body
from tests.training.ct.tiny import TINY, exported


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> tuple[CtDenoiser, Path]:
    """A network whose weights do something, and its file as it is served."""
    return exported(tmp_path_factory.mktemp("served"), 0.0)


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A work folder whose cache is filled, so that no data source is needed."""
    pictures = {f"{i}|bodies|ct|0.9": body(160, 0.0, i).astype(np.float16) for i in range(2)}
    recipe = CtRecipe.model_validate(TINY)
    np.savez(tmp_path / f"anatomy-{key_of(recipe, 'sources')}.npz", **pictures)  # type: ignore[arg-type]
    noise = np.random.default_rng(0).normal(0, 1, (2, 3, 160, 160))
    noise /= apply_kernel(noise[0, 0], SOFT, 0.75).std()  # as a bank is scaled
    bank = noise_bank.NoiseBank(noise.astype(np.float16), np.array([0.7, 0.8]), np.ones(64))
    noise_bank.save(bank, tmp_path / f"bank-{key_of(recipe, 'scenes', 'realisations', 'seed', 'sources')}")
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump({"trainer": "ct", **TINY}))
    return tmp_path
