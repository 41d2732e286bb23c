"""How often equal services are called different: the comparison itself, on simulated A/A runs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import mannwhitneyu

from recon.bench.statistics import LEVEL, holm, unpaired

Values = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


@dataclass(frozen=True)
class Alarms:
    """Shares of simulated A/A comparisons that raised an alarm.

    Attributes
    ----------
    blocks
        With the statistics that ``recon bench compare`` uses.
    requests
        With a test over single requests, for contrast.
    trials
        How many were simulated.
    """

    blocks: float
    requests: float
    trials: int


def simulate(trials: int = 400, cells: int = 6, blocks: int = 12, requests: int = 8, seed: int = 0) -> Alarms:
    """Compare runs of the same service on a machine whose speed wanders.

    The logarithm of a request's time is the sum of the machine's state, which wanders from block to block
    (first-order autoregressive, 5 %), of what is particular to the block (4 %), and of the request (6 %, with
    one in twenty slowed down by a half). As in a real run each block of a route has a block of the bare
    runtime in its round, and what is compared is their ratio.
    """
    rng = np.random.default_rng(seed)
    by_block = by_request = 0
    for _ in range(trials):
        runs = [_run(rng, cells, blocks, requests) for _ in range(2)]
        p_values = []
        for cell in range(cells):
            a, b = (np.exp(np.median(times[cell], -1) - np.median(bare, -1)) for times, bare in runs)
            p_values.append(unpaired(a.tolist(), b.tolist()).p_value)
        by_block += any(holm(p_values))
        first, second = (times.reshape(cells, -1) for times, _ in runs)
        alone = [float(mannwhitneyu(x, y).pvalue) for x, y in zip(first, second, strict=True)]
        by_request += alone[0] < LEVEL
    return Alarms(by_block / trials, by_request / trials, trials)


def _run(rng: np.random.Generator, cells: int, blocks: int, requests: int) -> tuple[Values, Values]:
    """Logarithms of times: of the routes (cell, block, request) and of the bare runtime (block, request)."""
    drift = np.zeros(blocks)
    state = rng.normal(0, 0.05)
    for index in range(blocks):
        state = 0.9 * state + rng.normal(0, 0.05 * np.sqrt(1 - 0.9**2))
        drift[index] = state
    shape = (cells + 1, blocks, requests)
    times = drift[:, None] + rng.normal(0, 0.04, (cells + 1, blocks, 1)) + rng.normal(0, 0.06, shape)
    times += np.log(1.5) * (rng.random(shape) < 0.05)
    return times[:cells], times[cells]
