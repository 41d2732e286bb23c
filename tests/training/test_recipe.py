"""A recipe is read whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from recon.training.recipe import CtRecipe, read


def written(path: Path, **changes: object) -> Path:
    path.write_text(yaml.safe_dump({"trainer": "ct", "steps": 3, "sources": [], **changes}))
    return path


def test_what_is_not_said_has_a_default(tmp_path: Path) -> None:
    recipe = read(written(tmp_path / "recipe.yaml", channels=[8, 16, 16, 16]), CtRecipe)
    assert (recipe.steps, recipe.channels, recipe.seed) == (3, (8, 16, 16, 16), 1)
    assert recipe.start == ""


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"steps": 0}, "steps"),
        ({"patch": 40}, "patch"),
        ({"texture_share": 1.5}, "texture_share"),
        ({"colour": "red"}, "colour"),
        ({"sources": None}, "sources"),
    ],
)
def test_what_can_not_be_is_named(tmp_path: Path, changes: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        read(written(tmp_path / "recipe.yaml", **changes), CtRecipe)
