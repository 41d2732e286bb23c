"""What is sent before the counted requests of an open loop, so that these find the queue of a service at work."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, sqrt

#: At least so many requests, and no more, and no longer than that.
FEWEST, MOST = 3, 400
LONGEST_S = 20.0


@dataclass(frozen=True)
class LeadIn:
    """The first requests of every block of an open loop: they are judged, and their times are not counted.

    Attributes
    ----------
    requests
        How many.
    needed
        After how many a queue that began empty is near its steady state; None where it may have none.
    """

    requests: int = 0
    needed: int | None = 0


def lead_in(rate_per_s: float, load: float) -> LeadIn:
    """As many as it takes to settle, bounded so that a block of long services ends.

    A queue forgets how it began after about 1 / (1 - sqrt(load))^2 services (the relaxation time of M/M/1; Cohen, The
    Single Server Queue, 1969); ``load`` times as many requests come meanwhile. Where as much comes as one caller gets,
    or more, a queue may grow for ever, and a long lead-in would end in requests that time out.

    Parameters
    ----------
    rate_per_s
        Arrivals a second.
    load
        Their share of what one caller gets.
    """
    if load >= 1:
        return LeadIn(FEWEST, None)
    needed = ceil(load / (1 - sqrt(load)) ** 2)
    return LeadIn(max(FEWEST, min(needed, MOST, int(rate_per_s * LONGEST_S))), needed)
