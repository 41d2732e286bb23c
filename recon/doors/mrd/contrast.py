"""Two scans as images, before contrast and after a reduced dose, to the image of the full dose."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from recon.client.calls import Calls
from recon.doors.mrd.images_in import SeriesStack
from recon.doors.mrd.judged import judged
from recon.doors.mrd.options import SessionOptions
from recon.doors.mrd.pictures import IMAGE, INTERVAL, Picture
from recon.errors import InvalidRequest


class EarlierScans:
    """Scans before contrast of the last sessions, by patient and frame of reference, in memory.

    One stays when it has been used: what comes later of the same patient in the same position, as a reduced dose that
    is measured or sent again, has the same scan before it.
    """

    def __init__(self, most: int = 8) -> None:
        self._most = most
        self._kept: OrderedDict[str, SeriesStack] = OrderedDict()
        self._lock = threading.Lock()

    def keep(self, key: str, stack: SeriesStack) -> None:
        """Keep a scan; the one that was not used for longest goes."""
        with self._lock:
            self._kept[key] = stack
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)

    def find(self, key: str) -> SeriesStack | None:
        """The scan that belongs to another; None when there is none."""
        with self._lock:
            if key not in self._kept:
                return None
            self._kept.move_to_end(key)
            return self._kept[key]


def enhanced(
    client: Calls, stacks: list[SeriesStack], options: SessionOptions, timeout_s: float
) -> Iterator[list[Picture]]:
    """The pictures of each slice of the first scan, with the contrast of the full dose.

    Parameters
    ----------
    client
        Of the service.
    stacks
        Before contrast, and after the reduced dose.
    options
        Of the session.
    timeout_s
        For both scans.

    Raises
    ------
    ReconError
        When there are not two, both are one, or the service can't use them.
    """
    if len(stacks) != 2:
        raise InvalidRequest(f"{len(stacks)} series came; two are needed, before contrast and after the reduced dose")
    pre, low = stacks
    if _same(pre, low):
        raise InvalidRequest("the scan before contrast was sent again; send the one after the reduced dose")
    run = client.synthesize_contrast(
        pre.volume, low.volume, dose_fraction=options.dose_fraction, probes=options.probes, timeout_s=timeout_s
    )
    results, model = judged(run)
    for result in results:
        place = pre.heads[result.index]
        picture = Picture(
            IMAGE,
            f"slice {int(place['slice'])}",
            place,
            result.image,
            result.verdict,
            result.checks,
            model,
            protocol=pre.protocols[result.index],
        )
        made = [picture]
        if options.uncertainty and np.isfinite(result.uncertainty).all():
            made.append(replace(picture, kind=INTERVAL, values=result.uncertainty))
        yield made


def _same(one: SeriesStack, other: SeriesStack) -> bool:
    """Whether two stacks are of one acquisition: by when it was measured, where that is said, or by the pixels."""
    times = [sorted(int(head["acquisition_time_stamp"]) for head in stack.heads) for stack in (one, other)]
    return (times[0] == times[1] and any(times[0])) or np.array_equal(one.volume.values, other.volume.values)
