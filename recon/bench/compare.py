"""Two runs, or two routes of one run: do they differ, by how much, and what could have been seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from recon.bench.routes import BARE
from recon.bench.statistics import FEWEST_BLOCKS, Effect, holm, paired, unpaired
from recon.errors import InvalidRequest
from recon.machine import differences

#: Settings that two runs must share: with others they measured different things.
_SHARED = ("task", "model", "image", "requests_per_block", "rates")


@dataclass(frozen=True)
class Difference:
    """Of the median latency of one route under one load, B over A.

    Attributes
    ----------
    route, load
        Of the cell.
    effect
        Ratio with its interval.
    differs
        Whether it is called a difference; over all cells together at most one false alarm in twenty.
    raw_ratio
        Of the medians as they are, when ``effect`` is of ratios to the bare runtime.
    """

    route: str
    load: str
    effect: Effect
    differs: bool
    raw_ratio: float


def compare_runs(
    a: Mapping[str, Any], b: Mapping[str, Any], *, other_machine: bool = False, absolute: bool = False
) -> list[Difference]:
    """Every cell that both runs have.

    The state of a machine changes from run to run, so what is compared is each block's ratio to the bare
    runtime in the same round, as long as both runs have it; ``absolute`` compares the times themselves.

    Raises
    ------
    InvalidRequest
        When the machines differ and ``other_machine`` does not allow it, what was measured differs, a run is
        INVALID, or there is nothing to compare.
    """
    for name, record in (("first", a), ("second", b)):
        if record["kind"] != "serve":
            raise InvalidRequest(f"the {name} record is of recon bench {record['kind']}, not of recon bench serve")
        if not record["valid"]:
            why = [*record["problems"], *(reason for cell in record["cells"] for reason in cell["reasons"])]
            raise InvalidRequest(f"the {name} run is INVALID: {why[0] if why else 'it does not say why'}")
    if unlike := _unlike(a["settings"], b["settings"]):
        raise InvalidRequest(f"the runs measured different things ({'; '.join(unlike)}); measure both with the same")
    found = differences(a["machine"], b["machine"])
    if found and not other_machine:
        raise InvalidRequest(f"the machines differ ({'; '.join(found)}); --other-machine compares all the same")
    first, second = _medians(a), _medians(b)
    common = sorted(key for key in first if key in second and _enough(first[key], second[key]))
    if not common:
        raise InvalidRequest(f"no cell with {FEWEST_BLOCKS} blocks is in both runs; run with more --blocks")
    base = None if absolute else _base(first, second)
    if base is not None:  # it is what the others are measured by; its own change is the machine's
        common = [key for key in common if key[0] != BARE]
        if not common:
            raise InvalidRequest("both runs have the bare runtime alone; --absolute compares it")
    effects, raws = [], []
    for key in common:
        x, y = first[key], second[key]
        raws.append(float(np.median(list(y.values())) / np.median(list(x.values()))))
        if base is not None:
            x, y = _over(x, base[0]), _over(y, base[1])
        effects.append(unpaired(list(x.values()), list(y.values())))
    return _judged(common, effects, raws)


def machine_ratio(a: Mapping[str, Any], b: Mapping[str, Any]) -> float | None:
    """How much slower the bare runtime was in B than in A: the machine's own change; None without it."""
    base = _base(_medians(a), _medians(b))
    return None if base is None else float(np.median(list(base[1].values())) / np.median(list(base[0].values())))


def compare_routes(record: Mapping[str, Any], a: str, b: str) -> list[Difference]:
    """Two routes of one run under each load, block by block.

    Raises
    ------
    InvalidRequest
        When the run has no such routes.
    """
    medians = {(cell["route"], cell["load"]): block_medians(cell) for cell in record["cells"]}
    routes = {route for route, _ in medians}
    if missing := {a, b} - routes:
        raise InvalidRequest(f"the run has no {', '.join(sorted(missing))}; it has {', '.join(sorted(routes))}")
    keys, effects, raws = [], [], []
    for route, load in sorted(medians):
        if route != a or (b, load) not in medians:
            continue
        x, y = medians[a, load], medians[b, load]
        both = sorted(set(x) & set(y))
        if len(both) < FEWEST_BLOCKS:
            continue
        effect = paired([x[index] for index in both], [y[index] for index in both])
        keys.append((f"{b} / {a}", load))
        effects.append(effect)
        raws.append(effect.ratio)
    if not keys:
        raise InvalidRequest(f"no load has {FEWEST_BLOCKS} right blocks of both routes")
    return _judged(keys, effects, raws)


def _judged(keys: list[tuple[str, str]], effects: list[Effect], raws: list[float]) -> list[Difference]:
    differs = holm([effect.p_value for effect in effects])
    return [
        Difference(route, load, effect, found, raw)
        for (route, load), effect, found, raw in zip(keys, effects, differs, raws, strict=True)
    ]


Medians = dict[int, float]


def _unlike(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[str]:
    """What differs between the settings of two runs, with what each had."""

    def words(value: Any) -> str:
        return (", ".join(map(str, value)) or "none") if isinstance(value, list) else str(value or "not recorded")

    return [
        f"{name.replace('_', ' ')}: {words(a.get(name))} and {words(b.get(name))}"
        for name in _SHARED
        if a.get(name) != b.get(name)
    ]


def _medians(record: Mapping[str, Any]) -> dict[tuple[str, str], Medians]:
    """Of every cell, by what two runs share."""
    return {(cell["route"], _shared_load(record, cell)): block_medians(cell) for cell in record["cells"]}


def _shared_load(record: Mapping[str, Any], cell: Mapping[str, Any]) -> str:
    """Rates follow the machine's speed: two runs share what was asked for, older ones the order of their values."""
    if cell["kind"] != "open":
        return str(cell["load"])
    if "asked" in cell:
        return f"open loop at {cell['asked']}"
    rates = sorted(one["value"] for one in record["cells"] if (one["route"], one["kind"]) == (cell["route"], "open"))
    return f"open loop {rates.index(cell['value']) + 1}"


def block_medians(cell: Mapping[str, Any]) -> Medians:
    """Median latency of every right block of a cell, ms, by round."""
    return {
        block["index"]: float(np.median(np.subtract(block["done_ms"], block["due_ms"])))
        for block in cell["blocks"]
        if block["done_ms"] and not any([*block["problem"], *block.get("lead_in", {}).get("problem", ())])
    }


def _enough(a: Medians, b: Medians) -> bool:
    return min(len(a), len(b)) >= FEWEST_BLOCKS


def _base(a: dict[tuple[str, str], Medians], b: dict[tuple[str, str], Medians]) -> tuple[Medians, Medians] | None:
    for key in a:
        if key[0] == BARE and key in b and _enough(a[key], b[key]):
            return a[key], b[key]
    return None


def _over(values: Medians, base: Medians) -> Medians:
    return {index: value / base[index] for index, value in values.items() if index in base}
