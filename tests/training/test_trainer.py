"""Every recipe in models/ can be trained by the command, and none trains on what it holds out."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from recon.errors import InvalidRequest
from recon.training.trainer import trainer_of

RECIPES = sorted((Path(__file__).parents[2] / "models").glob("*/recipe.yaml"))


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.parent.name)
def test_recipes_are_valid_and_hold_something_out(path: Path) -> None:
    trainer, recipe = trainer_of(path)
    assert isinstance(recipe, trainer.recipe)
    raw = yaml.safe_load(path.read_text())
    trained, held_out = ({str(sorted(source.items())) for source in raw[part]} for part in ("sources", "held_out"))
    files, kept = (
        {value for source in raw[part] for value in source.values() if isinstance(value, str) and "/" in value}
        for part in ("sources", "held_out")
    )
    assert trained
    assert held_out, "an interval must be calibrated on something"
    assert files
    assert not files & kept


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("seed: 1", "trainer is ''"),
        ("trainer: nobody", "there are"),
        ("{", "no YAML"),
        ("trainer: ct\nsteps: -1", "steps"),
        ("trainer: ct\nsteps: 5\nsources: []\nnonsense: 1", "nonsense"),
    ],
)
def test_recipes_that_can_not_be_used_say_why(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(text)
    with pytest.raises(InvalidRequest, match=words):
        trainer_of(path)
    with pytest.raises(InvalidRequest, match="no such recipe"):
        trainer_of(tmp_path / "absent.yaml")
