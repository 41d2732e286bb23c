"""Which model a request gets: by name, by preference, by default, and never by accident."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from recon.engine.catalogue import Catalogue
from recon.engine.models import ServedModel
from recon.errors import ServiceUnavailable, UnknownModel


class Models:
    """A place where models run, or do not."""

    def __init__(self, *models: ServedModel) -> None:
        self.there, self.listed = True, list(models)

    async def is_ready(self) -> bool:
        return self.there

    async def models(self) -> list[ServedModel]:
        return self.listed


def model(name: str, version: str = "1", *, task: str = "ct", default: bool = False) -> ServedModel:
    return ServedModel(name, version, name, "", {"task": task, "default": "yes" if default else "no"})


def catalogue_of(place: Models) -> Catalogue:
    found = Catalogue(place)  # type: ignore[arg-type]
    asyncio.run(found.refresh())
    return found


def test_the_default_and_its_newest_version_answer_for_no_name() -> None:
    found = catalogue_of(Models(model("a", "9", default=True), model("a", "10", default=True), model("b", "99")))
    assert (found.find("ct").name, found.find("ct").version) == ("a", "10")
    assert found.find("ct", version="9").version == "9"
    assert found.find("ct", "b").version == "99"


def test_what_was_preferred_comes_before_the_default() -> None:
    found = catalogue_of(Models(model("a", default=True), model("b")))
    found.prefer("ct", "b", "1", "fast enough")
    assert found.find("ct").name == "b"
    assert found.preferred("ct") == ("b", "1", "fast enough")
    assert found.find("ct", "a").name == "a"


def test_the_version_that_was_preferred_is_the_one_that_answers() -> None:
    found = catalogue_of(Models(model("a", "1", default=True), model("a", "2", default=True)))
    found.prefer("ct", "a", "1", "the second is too slow")
    assert found.find("ct").version == "1"
    assert found.find("ct", version="2").version == "2"
    assert found.find("ct", "a").version == "2"  # who names a model gets its newest


def test_a_preferred_version_that_is_gone_gives_way_to_the_default() -> None:
    found = catalogue_of(Models(model("a", "2", default=True), model("b", "3")))
    found.prefer("ct", "b", "1", "it was fast enough")
    assert (found.find("ct").name, found.find("ct").version) == ("a", "2")


def test_one_model_needs_no_default_and_two_do() -> None:
    assert catalogue_of(Models(model("a"))).find("ct").name == "a"
    with pytest.raises(UnknownModel, match="no ct model default:newest; served: a:1, b:1"):
        catalogue_of(Models(model("a"), model("b"))).find("ct")


@pytest.mark.parametrize(("name", "version"), [("c", ""), ("a", "2"), ("m", "")])
def test_another_tasks_model_is_none(name: str, version: str) -> None:
    found = catalogue_of(Models(model("a", default=True), model("m", task="mr")))
    with pytest.raises(UnknownModel, match=f"no ct model {name}:{version or 'newest'}; served: a:1") as caught:
        found.find("ct", name, version)
    assert caught.value.field == "model"


def test_models_that_are_away_are_unavailable_not_unknown() -> None:
    place = Models(model("a"))
    found = catalogue_of(place)
    found.lost()
    with pytest.raises(ServiceUnavailable):
        found.find("ct")
    assert [one.name for one in found.models] == ["a"]
    place.there = False
    assert not asyncio.run(found.refresh())
    place.there, place.listed = True, []
    assert not asyncio.run(found.refresh())


def test_where_the_default_is_away_no_other_answers_for_it() -> None:
    away = replace(model("a", default=True), away=True)
    found = catalogue_of(Models(away, model("b")))
    with pytest.raises(ServiceUnavailable, match="model a could not be loaded again"):
        found.find("ct")
    assert found.find("ct", "b").name == "b"
    assert [facts.name for facts in found.facts("ct")] == ["a", "b"]  # a choice is made of all
    assert not catalogue_of(Models(away)).ready
