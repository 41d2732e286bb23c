"""A result is under its final name whole or not at all, and what is not its own is moved, never deleted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from recon.batch.items import Item
from recon.batch.storage import MANIFEST, Storage, damage, read_manifest, recipe_of

ITEM = Item(3, "key", "chest", "ct", "", {}, 1, "f" * 64)


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(tmp_path)


def attempt(storage: Storage, item: Item = ITEM, content: str = "image") -> Path:
    folder = storage.begin(item)
    (folder / "image").mkdir()
    (folder / "image" / "1.dcm").write_text(content)
    return folder


def test_what_is_published_is_whole_and_says_whose_it_is(storage: Storage) -> None:
    made = storage.publish(ITEM, attempt(storage), {"verdict": "PASS"})
    assert set(made.outputs) == {"image/1.dcm", MANIFEST}
    assert damage(storage.final(ITEM), made.outputs) == []
    found = read_manifest(storage.final(ITEM))
    assert found is not None
    assert found[0] == ("key", "f" * 64, recipe_of("ct", {}))
    assert found[1] == made
    assert storage.adopt(ITEM) == made


@pytest.mark.parametrize(
    "other", [replace(ITEM, key="another"), replace(ITEM, input_sha256="0" * 64), replace(ITEM, input_sha256="")]
)
def test_a_result_of_something_else_is_not_adopted(storage: Storage, other: Item) -> None:
    storage.publish(ITEM, attempt(storage), {})
    assert storage.adopt(other) is None


def test_a_result_of_other_options_is_not_adopted(storage: Storage) -> None:
    storage.publish(ITEM, attempt(storage), {})
    storage.options = {"ct": {"model": "another"}}
    assert storage.adopt(ITEM) is None


def test_a_result_that_is_there_already_stays(storage: Storage) -> None:
    first = storage.publish(ITEM, attempt(storage), {"verdict": "PASS"})
    again = storage.publish(ITEM, attempt(storage, content="image"), {"verdict": "REVIEW"})
    assert again == first
    assert not list((storage.folder / ".attempts").iterdir())


def test_what_is_no_result_of_the_item_is_moved_aside_whole(storage: Storage) -> None:
    storage.final(ITEM).mkdir()
    (storage.final(ITEM) / "notes.txt").write_text("somebody's")
    storage.publish(ITEM, attempt(storage), {})
    (kept,) = (storage.folder / ".untrusted").iterdir()
    assert (kept / "notes.txt").read_text() == "somebody's"
    assert storage.adopt(ITEM) is not None


def test_every_kind_of_damage_is_named(storage: Storage) -> None:
    made = storage.publish(ITEM, attempt(storage), {})
    folder, image = storage.final(ITEM), storage.final(ITEM) / "image" / "1.dcm"
    (folder / "extra").write_text("x")
    assert damage(folder, made.outputs) == [f"{folder / 'extra'}: not made by the run"]
    (folder / "extra").unlink()
    image.write_text("imagE")
    assert damage(folder, made.outputs) == [f"{image}: its content has changed"]
    image.write_text("longer than it was")
    assert "should have 5" in damage(folder, made.outputs)[0]
    image.unlink()
    assert "No such file" in damage(folder, made.outputs)[0]
    image.symlink_to("/dev/null")
    assert damage(folder, made.outputs) == [f"{image}: is a link; the run wrote a file"]
    assert storage.adopt(ITEM) is None


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"sha256": "0"}', "\x00"])
def test_a_manifest_that_is_none_says_nothing(tmp_path: Path, content: str) -> None:
    (tmp_path / MANIFEST).write_text(content)
    assert read_manifest(tmp_path) is None
    assert read_manifest(tmp_path / "absent") is None


def test_a_manifest_that_was_edited_says_nothing(storage: Storage) -> None:
    storage.publish(ITEM, attempt(storage), {"verdict": "REVIEW"})
    path = storage.final(ITEM) / MANIFEST
    path.write_text(path.read_text().replace("REVIEW", "PASS"))
    assert read_manifest(storage.final(ITEM)) is None


def test_options_that_change_no_image_change_no_recipe() -> None:
    assert recipe_of("ct", {"timeout_s": 5.0}) == recipe_of("ct", {})
    assert recipe_of("ct", {"model": "another"}) != recipe_of("ct", {})
