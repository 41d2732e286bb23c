"""One method beside others: its quality and its time."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from recon.arrays import FloatArray
from recon.volumes import FloatImage


@dataclass(frozen=True)
class MethodResult:
    """One method's result: quality in dB and seconds a slice, which parameter it took, and whether it is ours."""

    method: str
    quality: float
    seconds: float
    parameter: float | None = None
    ours: bool = False


def best_of(
    name: str,
    noisy: FloatImage,
    quality: Callable[[FloatArray], float],
    method: Callable[[FloatArray, float], FloatArray],
    parameters: Sequence[float],
) -> MethodResult:
    """The method at the parameter that the truth favours."""
    best: MethodResult | None = None
    for parameter in parameters:
        began = time.perf_counter()
        image = method(noisy.astype("float64"), float(parameter))
        found = MethodResult(name, quality(image), time.perf_counter() - began, float(parameter))
        if best is None or found.quality > best.quality:
            best = found
    assert best is not None
    return best


def ours(series: Callable[[], Any], quality: Callable[[FloatArray], float]) -> MethodResult:
    """The service from the caller's side, once it is warm."""
    list(series())
    stream = series()
    began = time.perf_counter()
    image = next(iter(stream)).image
    spent = time.perf_counter() - began
    for _ in stream:
        pass
    name = stream.model.name if stream.model else "default model"
    return MethodResult(f"recon ({name})", quality(image), spent, ours=True)
