"""Figures over an archive as SVG inside a page: no script, no network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_WIDTH, _HEIGHT = 560.0, 220.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 58.0, 12.0, 14.0, 34.0


@dataclass(frozen=True)
class Point:
    """One item in a figure.

    Attributes
    ----------
    x, y
        Place; x is its number in the archive, or days.
    verdict
        Colours it.
    name
        Shown under the pointer.
    """

    x: float
    y: float
    verdict: str
    name: str


def scatter(
    points: Sequence[Point], unit: str, ends: tuple[str, str], limits: tuple[float | None, float | None] = (None, None)
) -> str:
    """Values over an archive, with the limits of the check and the running median.

    Parameters
    ----------
    points
        In the order of x.
    unit
        Of y.
    ends
        Words under the left and the right end of the x axis.
    limits
        Lower and upper limit of the check; drawn where they are near the values.
    """
    low, high = _range([point.y for point in points], limits)
    first, last = points[0].x, points[-1].x
    span = last - first or 1.0

    def across(x: float) -> float:
        middle = 0.5 if last == first else (x - first) / span
        return _LEFT + 8 + (_WIDTH - _LEFT - _RIGHT - 16) * middle

    def up(y: float) -> float:
        return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * (y - low) / (high - low)

    parts = [f'<svg viewBox="0 0 {_WIDTH:.0f} {_HEIGHT:.0f}" role="img">']
    for tick in ticks(low, high):
        y = up(tick)
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{_LEFT - 7}" y="{y + 4:.1f}" text-anchor="end">{tick:.4g}</text>')
    for limit in limits:
        if limit is not None and low <= limit <= high:
            y = up(limit)
            parts.append(f'<line class="limit" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
            parts.append(f'<text x="{_WIDTH - _RIGHT - 4}" y="{y - 4:.1f}" text-anchor="end">limit {limit:.4g}</text>')
    radius = 3.2 if len(points) < 400 else 1.8
    for point in points:
        parts.append(
            f'<circle class="{escape(point.verdict.lower())}" cx="{across(point.x):.1f}" cy="{up(point.y):.1f}" '
            f'r="{radius}"><title>{escape(point.name)}: {point.y:.4g} {escape(unit)}</title></circle>'
        )
    trend = running_median(points)
    if len(trend) > 1:
        line = " ".join(f"{across(x):.1f},{up(y):.1f}" for x, y in trend)
        parts.append(f'<polyline class="trend" points="{line}"/>')
    base = _HEIGHT - 10
    parts.append(f'<text x="{_LEFT}" y="{base}">{escape(ends[0])}</text>')
    parts.append(f'<text x="{_WIDTH - _RIGHT}" y="{base}" text-anchor="end">{escape(ends[1])}</text>')
    parts.append(f'<text x="{_LEFT + 4}" y="{_TOP - 3}">{escape(unit)}</text></svg>')
    return "".join(parts)


def running_median(points: Sequence[Point], parts: int = 24) -> list[tuple[float, float]]:
    """Median of y in consecutive groups of at least five points, at the mean of their x."""
    if len(points) < 10:
        return []
    size = max(5, -(-len(points) // parts))
    trend = []
    for start in range(0, len(points) - size + 1, size):
        group = points[start : start + size]
        values = sorted(point.y for point in group)
        trend.append((sum(point.x for point in group) / size, values[size // 2]))
    return trend


def ticks(low: float, high: float, about: int = 4) -> list[float]:
    """Round numbers between two values."""
    raw = (high - low) / about
    power = 10.0 ** len(str(int(raw))) / 10 if raw >= 1 else 1.0
    while raw < power:
        power /= 10
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= raw)
    first = -(-low // step)
    return [round((first + index) * step, 12) for index in range(int((high - first * step) / step + 1e-9) + 1)]


def _range(values: Sequence[float], limits: tuple[float | None, float | None]) -> tuple[float, float]:
    low, high = min(values), max(values)
    spread = high - low or abs(high) or 1.0
    for limit in limits:
        if limit is not None and low - spread <= limit <= high + spread:
            low, high = min(low, limit), max(high, limit)
    margin = 0.08 * (high - low or abs(high) or 1.0)
    return (max(0.0, low - margin) if low >= 0 else low - margin), high + margin
