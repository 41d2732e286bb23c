"""A slice through the model once more, with known lesions in its measurement."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from recon.engine.inference import Inference, Request, Tensors, infer
from recon.quality.survival import Shares
from recon.tasks.base import FinishedSlice, SliceWork
from recon.tasks.probe import Probe
from recon.values.fixed_point import FixedPoint

if TYPE_CHECKING:
    from recon.engine.slices import SeriesUnderWay

#: Of what the lesions keep, among the further pictures of a slice.
SURVIVAL = "SURVIVAL"


async def surveyed(inference: Inference, series: SeriesUnderWay, work: SliceWork) -> Shares | None:
    """What a slice keeps that has not been through the model yet; None where it has no place for a lesion."""
    async with infer(inference, _request(series, work), work.prepare) as tensors:
        await asyncio.to_thread(work.finish, tensors)
    return await probed(inference, series, work)


async def probed(inference: Inference, series: SeriesUnderWay, work: SliceWork) -> Shares | None:
    """What a finished slice keeps; None where it has no place for a lesion."""
    probe = await asyncio.to_thread(work.probe)
    return None if probe is None else await _kept(inference, series, probe)


async def mapped(
    inference: Inference, series: SeriesUnderWay, work: SliceWork, finished: FinishedSlice
) -> tuple[FinishedSlice, Shares | None]:
    """A finished slice with a picture of what it keeps, where it has places for lesions.

    Parameters
    ----------
    inference, series
        Where models run, and for whom.
    work
        That is finished.
    finished
        What was made of it, in memory of its own.
    """
    probe = await asyncio.to_thread(work.probe)
    if probe is None:
        return finished, None
    shares = await _kept(inference, series, probe)
    picture = await asyncio.to_thread(probe.survival, shares)
    return replace(finished, extra={**finished.extra, SURVIVAL: picture}), shares


def owned(finished: FinishedSlice) -> FinishedSlice:
    """The same in memory of its own, so that the model's outputs can be let go."""
    width = finished.uncertainty
    kept = replace(width, steps=np.array(width.steps)) if isinstance(width, FixedPoint) else np.array(width)
    return replace(finished, image=np.array(finished.image), uncertainty=kept)


async def _kept(inference: Inference, series: SeriesUnderWay, probe: Probe) -> Shares:
    async with infer(inference, _request(series, probe.work), probe.work.prepare) as tensors:
        return await asyncio.to_thread(_shares, probe, tensors)


def _shares(probe: Probe, tensors: Tensors) -> Shares:
    return probe.shares(np.asarray(probe.work.finish(tensors).image, np.float32))


def _request(series: SeriesUnderWay, work: SliceWork) -> Request:
    return Request(series.model, work.inputs, work.outputs, work.parameters, series.peer.deadline)
