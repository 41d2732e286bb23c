"""A machine is described, and told from another by what makes it fast."""

from __future__ import annotations

import json

import pytest

from recon.machine import describe, differences


def test_a_machine_is_itself_and_its_description_can_be_kept() -> None:
    here = describe()
    assert here["cores"] >= 1
    assert here["memory_gib"] > 0
    assert here["packages"]["numpy"]
    assert differences(here, json.loads(json.dumps(here))) == []


@pytest.mark.parametrize(("name", "value"), [("cores", 4096), ("cpu", "another"), ("memory_gib", 0.5)])
def test_another_machine_is_told_by_what_differs(name: str, value: object) -> None:
    here = describe()
    assert differences(here, {**here, name: value}) == [f"{name}: {here[name]} and {value}"]


def test_newer_software_makes_no_other_machine() -> None:
    here = describe()
    assert differences(here, {**here, "packages": {}, "system": "another", "python": "4"}) == []
