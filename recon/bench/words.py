"""A run of ``recon bench serve`` in words and a short table, as the README has it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from recon.bench.compare import block_medians
from recon.bench.routes import BARE, GATEWAY
from recon.bench.statistics import FEWEST_BLOCKS, paired
from recon.bench.table import Row, markdown, percentile_words

SHORT_HEADS: Row = ("route", "load", "p50, ms", "p90, ms", "slices/s", "CPU s a slice")


def as_markdown(record: Mapping[str, Any]) -> str:
    """Conditions, table and what follows from it."""
    return f"{conditions(record)}\n\n{markdown(SHORT_HEADS, short_rows(record))}\n{findings(record)}\n"


def conditions(record: Mapping[str, Any]) -> str:
    """What was run where, and whether it may be believed."""
    machine, settings, notes = record["machine"], record["settings"], record["notes"]
    kind = "virtual " if machine.get("virtual") else ""
    extensions = ", ".join(machine["extensions"]) or "no extensions"
    busy = notes.get("cores_kept_busy_by_others", 0.0)
    beside = f"other programs kept {busy:.1f} cores busy" if record["warnings"] else "idle but for the benchmark"
    precision = f", OpenVINO in {notes['precision']}" if "precision" in notes else ""
    tuned = "; ".join(f"{name} on {words}" for name, words in settings.get("tuning", {}).items())
    words = [
        f"`{settings['command']}`" if "command" in settings else "recon bench serve",
        f"on {cores(machine)} of a {kind}{machine['cpu']} ({extensions}),",
        f"{beside}; `{settings['model']}`, {settings['image']}{precision}; {settings['blocks']} blocks of",
        f"{settings['requests_per_block']} request{'s' if settings['requests_per_block'] != 1 else ''}.",
    ]
    if tuned:
        words.append(f"The service was tuned: {tuned}.")
    if not record["valid"]:
        return " ".join([*words, "INVALID: none of these figures may be quoted."])
    words.append("All answers were right.")
    if first := lead_in_words(record):
        words.append(first)
    for name, value in notes.items():
        if "largest difference" in name:
            words.append(f"{name[0].upper()}{name[1:]}: {value:g}.")
    words.append(_instrument(record))
    return " ".join(words)


def lead_in_words(record: Mapping[str, Any]) -> str:
    """What comes before the counted requests of the open loops; empty where there is none."""
    loads = {cell["load"]: cell["lead_in"] for cell in record["cells"] if cell.get("lead_in", {}).get("requests")}
    if not loads:
        return ""

    def many(load: str, requests: int, needed: int | None) -> str:
        if needed is None:
            return f"{requests} at {load}, as much as one caller gets or more, so the queue may grow for ever"
        short = f" of the {needed} that it takes, so waiting is still growing" if requests < needed else ""
        return f"{requests} at {load}{short}"

    return (
        "Each block of an open loop begins with requests that fill the queue of an idle service, about 1/(1 - "
        f"sqrt(load))^2 services ({'; '.join(many(load, **found) for load, found in sorted(loads.items()))}): their "
        "answers are judged, their latency is not counted."
    )


def cores(machine: Mapping[str, Any]) -> str:
    """How many, in words."""
    return f"{machine['cores']} core{'s' if machine['cores'] != 1 else ''}"


def _instrument(record: Mapping[str, Any]) -> str:
    checks = record["self_test"]
    if not checks:
        return "The instrument was not tested."
    passed = sum(check["passed"] for check in checks)
    found = "; ".join(f"{check['name']}: {check['found']}" for check in checks)
    return f"Self-tests passed: {passed} of {len(checks)} ({found})."


def short_rows(record: Mapping[str, Any]) -> list[Row]:
    """A row for every cell; a streamed series has no percentiles of single requests."""
    rows: list[Row] = []
    for cell in sorted(record["cells"], key=lambda c: (c["kind"], c["value"])):
        load = f"a streamed {cell['load']}" if cell["kind"] == "series" else cell["load"]
        if not cell["valid"]:
            rows.append((cell["route"], load, *["INVALID"] * 4))
            continue
        one = cell["kind"] != "series"
        speed = cell["slices_per_s"]
        rows.append(
            (
                cell["route"],
                load,
                *(percentile_words(cell["latency_ms"].get(q)) if one else "" for q in ("p50", "p90")),
                "" if speed is None else f"{speed:.2f}",
                f"{sum(cell['cpu_s_per_slice'].values()):.3f}",
            )
        )
    return rows


def findings(record: Mapping[str, Any]) -> str:
    """What the gateway adds to the bare network, what a series keeps of its throughput, and where its time goes."""
    found = list(_findings(record)) if record["valid"] else []
    if any("the bare network" in words for words in found):
        found.append("Differences and ratios are of rounds in pairs, and need not be those of the table's medians.")
    return " ".join(found)


def _findings(record: Mapping[str, Any]) -> Iterator[str]:
    cells = {(cell["route"], cell["load"]): cell for cell in record["cells"]}
    for route, load in cells:
        if route != GATEWAY or (BARE, load) not in cells:
            continue
        ours, bare = cells[GATEWAY, load], cells[BARE, load]
        mine, base = block_medians(ours), block_medians(bare)
        rounds = sorted(set(mine) & set(base))
        if not rounds:
            continue
        times, bases = [mine[index] for index in rounds], [base[index] for index in rounds]
        ratio, interval = float(np.median(np.divide(times, bases))), ""
        if len(rounds) >= FEWEST_BLOCKS:
            effect = paired(bases, times)
            ratio, interval = effect.ratio, f" (95 %: {_span(effect.low, effect.high, ours['kind'])})"
        if ours["kind"] == "series":
            cpu = 1e3 * sum(bare["cpu_s_per_slice"].values())
            yield (
                f"A streamed {load} keeps {1 / ratio:.2f}{interval} of the bare network's throughput, which takes "
                f"{cpu:.0f} ms of processor time a slice."
            )
            first = ours["first_image_ms"].get("p50") or {}
            if first.get("value") or first.get("bound"):
                yield f"The first image comes after {percentile_words(first)} ms."
        elif ours["kind"] == "closed" and ours["value"] == 1:
            more = float(np.median(np.subtract(times, bases)))
            yield f"A request alone takes {more:.1f} ms more than in the bare network, {ratio:.2f} times{interval}."
    yield from _breakdown(cells)


def _span(low: float, high: float, kind: str) -> str:
    return f"{1 / high:.2f} to {1 / low:.2f}" if kind == "series" else f"{low:.2f} to {high:.2f}"


def _breakdown(cells: Mapping[tuple[str, str], Mapping[str, Any]]) -> Iterator[str]:
    found = [cell for (route, _), cell in cells.items() if route == GATEWAY and cell.get("breakdown_ms")]
    if not found:
        return
    cell = max(found, key=lambda one: (one["kind"] == "series", -one["value"]))
    parts = ", ".join(f"{name} {value:.1f}" for name, value in cell["breakdown_ms"].items())
    yield f"Where a slice's time went in the gateway, ms ({cell['load']}; parts of different slices overlap): {parts}."
