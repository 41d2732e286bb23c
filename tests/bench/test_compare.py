"""What ``recon bench compare`` says about runs that are known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from recon.bench import record as records
from recon.bench.compare import compare_routes, compare_runs, machine_ratio
from recon.bench.routes import BARE, GATEWAY
from recon.errors import InvalidRequest, UnreadableInput

MACHINE = {"cpu": "a", "cores": 2, "extensions": ["avx2"], "memory_gib": 8.0}


def run(seed: int, slower: float = 1.0, drift: float = 0.2, blocks: int = 12, **changes: Any) -> dict[str, Any]:
    """A record whose machine drifts and whose gateway takes 1.1 x ``slower`` of the bare runtime's time."""
    rng = np.random.default_rng(seed)
    state = np.exp(rng.normal(drift, 0.2, blocks))
    cells = []
    for route, factor in ((BARE, 1.0), (GATEWAY, 1.1 * slower)):
        made = []
        for index in range(blocks):
            times = 100 * factor * state[index] * np.exp(rng.normal(0, 0.03, 4))
            made.append(
                {
                    "index": index,
                    "began_ms": 0.0,
                    "ended_ms": 1.0,
                    "due_ms": [0.0] * 4,
                    "sent_ms": [0.0] * 4,
                    "first_ms": times.tolist(),
                    "done_ms": times.tolist(),
                    "status": ["OK"] * 4,
                    "slices": [1] * 4,
                    "digest": [""] * 4,
                    "problem": [""] * 4,
                }
            )
        cells.append(
            {
                "route": route,
                "load": "1 callers",
                "kind": "closed",
                "value": 1.0,
                "slices": 1,
                "requests": 48,
                "valid": True,
                "reasons": [],
                "latency_ms": {},
                "service_ms": {},
                "first_image_ms": {},
                "slices_per_s": 1.0,
                "generator_lateness_ms": {},
                "blocks": made,
            }
        )
    return {
        "format": 1,
        "kind": "serve",
        "made": "",
        "software": "0",
        "machine": MACHINE,
        "settings": {},
        "self_test": [],
        "valid": True,
        "problems": [],
        "processes": {},
        "cells": cells,
        **changes,
    }


def gateway(found: list[Any]) -> Any:
    return next(difference for difference in found if difference.route == GATEWAY)


def test_a_tenth_is_seen_through_the_drift_of_the_machine() -> None:
    found = gateway(compare_runs(run(1), run(2, slower=1.1)))
    assert found.differs
    assert found.effect.low < 1.1 < found.effect.high
    # the times themselves drown in the drift between the runs
    assert gateway(compare_runs(run(1), run(2, slower=1.1), absolute=True)).effect.smallest > 1.1


def test_equal_runs_do_not_differ() -> None:
    # on a machine that is half as fast in the second run as in the first
    pairs = [(run(2 * k), run(2 * k + 1, drift=0.7)) for k in range(40)]
    alarms = [any(found.differs for found in compare_runs(*pair)) for pair in pairs]
    assert np.mean(alarms) <= 0.1
    ratios = [machine_ratio(*pair) or 0.0 for pair in pairs]
    assert np.median(ratios) == pytest.approx(np.exp(0.5), rel=0.15)


def test_routes_of_one_run() -> None:
    found = compare_routes(run(3), BARE, GATEWAY)[0]
    assert found.effect.low < 1.1 < found.effect.high
    assert found.effect.high - found.effect.low < 0.06
    with pytest.raises(InvalidRequest, match="it has bare runtime, gateway"):
        compare_routes(run(3), BARE, "no such route")


def two_rates(seed: int, rates: dict[str, float], *, asked: bool = True) -> dict[str, Any]:
    """A run with open loops at rates by what was asked; twice the rate takes three times as long.

    The cells of the gateway come in the other order, as those of a random first round do.
    """
    slow, fast = rates
    cells = []
    for kind, factor in ((slow, 1.0), (fast, 3.0)):
        for cell in run(seed, slower=1 / 1.1, drift=0.0)["cells"]:
            for block in cell["blocks"]:
                block["done_ms"] = [factor * done for done in block["done_ms"]]
            load = {"kind": "open", "load": f"{rates[kind]:.3g} arrivals/s", "value": rates[kind]}
            cells.append({**cell, **load, **({"asked": kind} if asked else {})})
    cells = [*(cell for cell in cells if cell["route"] == BARE), *(c for c in cells[::-1] if c["route"] == GATEWAY)]
    return run(seed, cells=cells, **({"settings": {"rates": [slow, fast]}} if asked else {}))


def test_routes_are_compared_at_the_same_rate() -> None:
    found = compare_routes(two_rates(3, {"50%": 1.0, "80%": 2.0}), BARE, GATEWAY)
    assert [difference.load for difference in found] == ["1 arrivals/s", "2 arrivals/s"]
    assert all(difference.effect.ratio == pytest.approx(1, abs=0.05) for difference in found)


@pytest.mark.parametrize("asked", [True, False])
def test_runs_are_compared_at_the_rate_that_was_asked_for(asked: bool) -> None:
    # half and four fifths of what two machines can do
    a = two_rates(1, {"50%": 5.0, "80%": 8.0}, asked=asked)
    b = two_rates(2, {"50%": 10.0, "80%": 16.0}, asked=asked)
    found = compare_runs(a, b)
    assert [d.load for d in found] == [f"open loop {name}" for name in (("at 50%", "at 80%") if asked else "12")]
    assert all(difference.effect.ratio == pytest.approx(1, abs=0.05) for difference in found)
    # a rate of its own is the larger one in the one run and the smaller one in the other
    a, b = two_rates(1, {"50%": 5.0, "8": 8.0}), two_rates(2, {"50%": 10.0, "8": 8.0})
    assert {d.load: round(d.effect.ratio) for d in compare_runs(a, b)} == {"open loop at 50%": 1, "open loop at 8": 1}


def test_runs_of_different_things_are_refused() -> None:
    same = {"task": "ct", "model": "a", "image": "512x512", "requests_per_block": 8, "rates": ["50%", "80%"]}
    assert compare_runs(run(1, settings=same), run(2, settings={**same, "seed": 3}))
    for name, other, words in (
        ("task", "mr", "task: ct and mr"),
        ("model", "b", "model: a and b"),
        ("image", "256x256", "image: 512x512 and 256x256"),
        ("requests_per_block", 2, "requests per block: 8 and 2"),
        ("rates", ["50%"], "rates: 50%, 80% and 50%"),
    ):
        with pytest.raises(InvalidRequest, match=words):
            compare_runs(run(1, settings=same), run(2, settings={**same, name: other}))


def test_other_machines_are_refused() -> None:
    other = run(2, machine={**MACHINE, "cores": 4})
    with pytest.raises(InvalidRequest, match=r"the machines differ \(cores: 2 and 4\)"):
        compare_runs(run(1), other)
    assert compare_runs(run(1), other, other_machine=True)


def test_invalid_runs_are_refused() -> None:
    with pytest.raises(InvalidRequest, match="second run is INVALID: gateway: constant"):
        compare_runs(run(1), run(2, valid=False, problems=["gateway: constant"]))


def test_a_block_whose_lead_in_was_wrong_takes_no_part() -> None:
    bad = run(1, blocks=6)
    bad["cells"][0]["blocks"][0]["lead_in"] = {"problem": ["", "pixels differ"]}
    with pytest.raises(InvalidRequest, match="6 right blocks"):
        compare_routes(bad, BARE, GATEWAY)


def test_few_blocks_are_refused() -> None:
    with pytest.raises(InvalidRequest, match="6 blocks"):
        compare_runs(run(1, blocks=5), run(2, blocks=5))


def test_records_obey_their_schema(tmp_path: Any) -> None:
    records.write(run(1), tmp_path / "a.json")
    assert records.read(tmp_path / "a.json")["cells"][0]["route"] == BARE
    (tmp_path / "b.json").write_text('{"format": 1, "kind": "serve"}')
    with pytest.raises(UnreadableInput, match="no record of recon bench"):
        records.read(tmp_path / "b.json")
