"""Records as tables for a terminal, and as Markdown for the README."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from recon.bench.compare import Difference

Row = tuple[str, ...]


def show(console: Console, title: str, heads: Row, rows: Iterable[Row]) -> None:
    """Print a table."""
    table = Table(title=title, title_justify="left")
    for index, head in enumerate(heads):
        table.add_column(head, justify="left" if index < 2 else "right")
    for row in rows:
        table.add_row(*row)
    console.print(table)


def markdown(heads: Row, rows: Iterable[Row]) -> str:
    """The same as Markdown."""
    lines = [heads, tuple("---" for _ in heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


SERVE_HEADS: Row = (
    "route",
    "load",
    "p50 ms",
    "p90 ms",
    "p99 ms",
    "p50 ms/slice",
    "of p50 service",
    "first image",
    "slices/s",
    "CPU s/slice",
    "answers",
)


def serve_rows(record: Mapping[str, Any]) -> list[Row]:
    """A row for every cell; latency counts from the scheduled moment."""
    rows: list[Row] = []
    for cell in sorted(record["cells"], key=lambda c: (c["kind"], c["value"])):
        latency, service, first = cell["latency_ms"], cell["service_ms"], cell["first_image_ms"]
        if not cell["valid"]:
            rows.append((cell["route"], cell["load"], *["INVALID"] * 8, "; ".join(cell["reasons"])))
            continue
        speed = cell["slices_per_s"]
        rows.append(
            (
                cell["route"],
                cell["load"],
                *(percentile_words(latency.get(q)) for q in ("p50", "p90", "p99")),
                percentile_words(latency.get("p50"), cell["slices"]),
                percentile_words(service.get("p50")),
                percentile_words(first.get("p50")),
                "" if speed is None else f"{speed:.2f}",
                f"{sum(cell['cpu_s_per_slice'].values()):.3f}",
                f"{cell['requests']} right{_after(cell)}",
            )
        )
    return rows


def _after(cell: Mapping[str, Any]) -> str:
    """What came before the requests that count, in every block."""
    first = cell.get("lead_in", {}).get("requests")
    return f", after {first} a block" if first else ""


def percentile_words(found: Mapping[str, Any] | None, parts: int = 1) -> str:
    """A percentile over so many parts, the bound in its place, or n/a."""
    if not found:
        return "n/a"
    if found["value"] is not None:
        return f"{found['value'] / parts:.1f}"
    return "n/a" if found["bound"] is None else f"≤ {found['bound'] / parts:.1f}"


PROCESS_HEADS: Row = ("process", "CPU s", "own memory MiB", "peak MiB")


def process_rows(record: Mapping[str, Any]) -> list[Row]:
    """A row for every process."""
    return [
        (name, *(f"{usage[key]:.1f}" for key in ("cpu_s", "resident_mib", "peak_mib")))
        for name, usage in record["processes"].items()
    ]


SCAN_HEADS: Row = ("process", "CPU ms a slice", "MiB, first half", "MiB, second half", "peak MiB")


def scan_rows(record: Mapping[str, Any]) -> list[Row]:
    """A row for every process of a long series."""
    return [
        (
            name,
            f"{record['cpu_ms_per_slice'][name]:.1f}" if name in record["cpu_ms_per_slice"] else "",
            *(f"{held[key]:.0f}" for key in ("first_half", "second_half", "peak")),
        )
        for name, held in record["memory_mib"].items()
    ]


GPU_HEADS: Row = (
    "task",
    "model",
    "runtime",
    "batch",
    "ms",
    "slices/s",
    "% of peak FLOPs",
    "% of peak bytes",
    "moves a PSNR of 40 dB by",
)


def gpu_rows(record: Mapping[str, Any]) -> list[Row]:
    """A row for every model, runtime and batch."""
    return [
        (
            row["task"],
            row["model"],
            row["runtime"],
            str(row["batch"]),
            f"{row['ms']:.2f}",
            f"{row['slices_per_s']:.1f}",
            *(f"{100 * row[key]:.1f}" for key in ("share_of_peak_flops", "share_of_peak_bytes")),
            f"{row['moves_psnr_db']:.4f} dB{'' if row['equal'] else ': NOT EQUAL'}",
        )
        for row in record["rows"]
    ]


CHECK_HEADS: Row = ("self-test", "result", "expected", "found")


def check_rows(record: Mapping[str, Any]) -> list[Row]:
    """A row for every check of the instrument."""
    return [
        (check["name"], "passed" if check["passed"] else "FAILED", check["expected"], check["found"])
        for check in record["self_test"]
    ]


DIFFERENCE_HEADS: Row = ("route", "load", "B / A", "95 % interval", "p", "could have shown", "raw B / A", "verdict")


def difference_rows(found: Iterable[Difference]) -> list[Row]:
    """A row for every comparison."""
    rows: list[Row] = []
    for difference in found:
        effect = difference.effect
        verdict = "no difference shown"
        if difference.differs:
            verdict = "B is slower" if effect.ratio > 1 else "B is faster"
        rows.append(
            (
                difference.route,
                difference.load,
                f"{effect.ratio:.3f}",
                f"{effect.low:.3f} to {effect.high:.3f}",
                f"{effect.p_value:.3f}",
                f"{effect.smallest:.3f}",
                f"{difference.raw_ratio:.3f}",
                verdict,
            )
        )
    return rows


COST_HEADS: Row = ("model", "input", "parameters", "weights MB", "GFLOP", "by operator")


def cost_rows(record: Mapping[str, Any]) -> list[Row]:
    """A row for every network."""
    rows: list[Row] = []
    for name, found in record["models"].items():
        shape = " x ".join(map(str, found["shape"]))
        if "problem" in found:
            rows.append((name, shape, "", "", "", found["problem"]))
            continue
        parts = ", ".join(f"{operator} {flops / 1e9:.2f}" for operator, flops in found["by_operator"].items())
        rows.append(
            (
                name,
                shape,
                f"{found['parameters']:,}",
                f"{found['weight_bytes'] / 1e6:.1f}",
                f"{found['flops'] / 1e9:.2f}",
                parts,
            )
        )
    return rows


RUNTIME_HEADS: Row = (
    "model",
    "runtime",
    "precision",
    "median ms",
    "shortest ms",
    "GFLOP/s",
    "of the peak",
    "benchmark_app ms",
)


def runtime_rows(record: Mapping[str, Any]) -> list[Row]:
    """A row for every network on every runtime."""
    rows: list[Row] = []
    for name, found in record["models"].items():
        for number, row in enumerate(found.get("runtimes", [])):
            other = found["benchmark_app_ms"] if number == 0 else None
            rows.append(
                (
                    name,
                    row["runtime"],
                    row["precision"],
                    f"{row['ms']:.1f}",
                    f"{row['shortest_ms']:.1f}",
                    f"{row['gflops_per_s']:.0f}",
                    f"{row['share_of_peak']:.0%}",
                    "" if other is None else f"{other:.1f}",
                )
            )
    return rows


TUNE_HEADS: Row = ("runtime", "threads", "instances", "ms", "slices/s", "chosen")


def tune_rows(record: Mapping[str, Any]) -> list[Row]:
    """A row for every setting."""
    return [
        (
            row["runtime"],
            str(row["threads"]),
            str(row["instances"]),
            f"{row['ms']:.1f}",
            f"{row['slices_per_s']:.2f}",
            "yes" if row == record["choice"] else "",
        )
        for row in record["tried"]
    ]


PEER_HEADS: Row = ("method", "gives", "parameter", "quality", "gain", "seconds", "CPU s", "memory MiB")


def peer_rows(found: Mapping[str, Any]) -> list[Row]:
    """A row for every method of a task, best first, and those that could not be run."""
    base = found["input_quality"]
    rows: list[Row] = [
        (
            row["method"],
            row["gives"],
            "" if row["parameter"] is None else f"{row['parameter']:g}",
            f"{row['quality']:.2f}",
            f"{row['quality'] - base:+.2f}",
            f"{row['seconds']:.3f}",
            "" if row["cpu_s"] is None else f"{row['cpu_s']:.3f}",
            "" if row["memory_mib"] is None else f"{row['memory_mib']:.0f}",
        )
        for row in sorted(found["methods"], key=lambda row: -row["quality"])
    ]
    return [*rows, *((row["method"], f"NOT RUN: {row['reason']}", *[""] * 6) for row in found["absent"])]


CLIENT_HEADS: Row = ("client", "outcomes", "not injected")


def client_rows(record: Mapping[str, Any]) -> list[Row]:
    """A row for every kind of client."""

    def words(counts: Mapping[str, int]) -> str:
        return ", ".join(f"{name} {count}" for name, count in counts.items())

    return [(name, words(found["outcomes"]), words(found["unexpected"])) for name, found in record["clients"].items()]


MEMORY_HEADS: Row = ("process", "at the end, MiB", "slope MiB/min", "95 % interval")


def memory_rows(record: Mapping[str, Any]) -> list[Row]:
    """A row for every process."""
    rows: list[Row] = []
    for name, found in record["memory"].items():
        low, high = found["interval_mib_per_min"]
        rows.append((name, f"{found['mib'][-1]:.1f}", f"{found['slope_mib_per_min']:+.2f}", f"{low:.2f} to {high:.2f}"))
    return rows
