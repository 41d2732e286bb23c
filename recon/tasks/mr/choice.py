"""Which reconstruction fits a scan, and why: what was measured against what each model declares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from recon.errors import InvalidRequest
from recon.tasks.base import ModelFacts
from recon.tasks.mr.domain import Domain, chosen_for, preference
from recon.tasks.mr.header import SeriesFacts
from recon.tasks.mr.sampling import Sampling, sampling_of
from recon.wire.readouts import part_of

#: Of messages that are kept while no slice is whole; then what has come must do.
_MOST_WAITING_BYTES = 256 * 2**20


def choose(sampling: Sampling, models: Sequence[ModelFacts]) -> tuple[str, str]:
    """The first model in the order of preference that the scan is one for, and why; both empty where there is none.

    Where none declares such a scan, it is the first that can take it at all, and its checks say what lies outside.
    """
    ranked = sorted((model for model in models if preference(model) is not None), key=lambda m: preference(m) or 0)
    able = [model for model in ranked if not Domain.of(model).impossible(sampling)]
    fitting = [model for model in able if not Domain.of(model).outside(sampling)]
    if not able:
        return "", ""
    taken = (fitting or able)[0]
    reason = f"{taken.name}: {chosen_for(taken) or 'fits'}; {sampling.words}"
    if not fitting:
        reason += "".join(f"; {model.name} is for {Domain.of(model).outside(sampling)}" for model in ranked)
    return taken.name, reason


def first_slice(facts: SeriesFacts, begun: Sequence[Any]) -> Sampling | None:
    """Sampling of the slice that the last of these messages completes; None while none is whole.

    Raises
    ------
    InvalidRequest
        When a message holds no readouts, or such that do not fit the header.
    """
    if not begun:
        return None
    last = begun[-1]
    if last.WhichOneof("part") != "readouts":
        raise InvalidRequest("after the header only readouts may follow", field="readouts")
    # of the readouts that are announced, not of their data: each look at those would copy them
    waiting = 8 * facts.coils * facts.samples * sum(len(message.readouts.lines) for message in begun)
    if not last.readouts.last_in_slice and waiting < _MOST_WAITING_BYTES:
        return None
    curved = facts.kind != "cartesian"
    mask = np.zeros((facts.lines, facts.samples), bool)
    path = np.zeros((*mask.shape, 2), np.float32) if curved else None
    for message in begun:
        if message.readouts.slice_index == last.readouts.slice_index:
            part = part_of(message.readouts, facts.coils, facts.samples, curved=curved)
            inside = part.lines < facts.lines  # others are refused by name when the slice is put together
            mask[part.lines[inside]] |= True if part.counts is None else part.counts[inside] > 0
            if path is not None and part.paths is not None:
                path[part.lines[inside]] = part.paths[inside]
    return sampling_of(mask, facts.coils, facts.kind, path, facts.matrix)
