"""How much may be smoothed so that a known lesion keeps its share of contrast."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from recon.quality.survival import Least, Shares, Survival, counted

#: Asks a service to choose.
AUTO = "auto"
#: Less smoothing is none: what asks for less is told so, and looked at.
LOWEST = 0.1
_STEPS = 100


@dataclass(frozen=True)
class ChosenStrength:
    """A strength, and why this one.

    Attributes
    ----------
    strength
        Share of the noise that is removed.
    reason
        For people.
    full
        What the lesion would keep at full strength; None where there was no place for one.
    """

    strength: float
    reason: str
    full: Survival | None

    def to_json(self) -> dict[str, Any]:
        """For ``report.json``."""
        return {"reason": self.reason, "at_full_strength": None if self.full is None else self.full.to_json()}


def at_strength(shares: Shares, strength: float) -> Shares:
    """What is kept where only a part of what the network would remove is removed: 1 - s (1 - kept)."""
    return {lesion: values + (1 - strength) * (1 - values) for lesion, values in shares.items()}


def choose(full: Sequence[Survival], least: Least) -> ChosenStrength:
    """The most smoothing at which the lesion still keeps its share, in whole hundredths.

    Where no lesion could be placed it is the strength at which it keeps its share even if the network removes all
    of it; where even :data:`LOWEST` is too much it is that one, and the check ``lesions_survive`` fails.

    Parameters
    ----------
    full
        Measured at full strength.
    least
        What is asked.
    """
    asked = f"{100 * least.kept:g} % is asked"
    safe = max(LOWEST, round(1 - least.kept, 2))
    found = next((one for one in full if one.lesion == least.lesion), None)
    if found is None:
        return ChosenStrength(safe, f"no place for a {least.lesion}: strength {safe:g} keeps its share whatever", None)
    kept = counted(found)
    words = f"at full strength a {least.lesion} keeps {100 * kept:.0f} % of its contrast, {asked}"
    if kept >= least.kept:
        return ChosenStrength(1.0, words, found)
    # a hair lower, so that rounding never puts it beyond the limit
    strength = math.floor(_STEPS * (1 - least.kept) / (1 - kept) - 1e-6) / _STEPS
    if strength < LOWEST:
        left = 100 * (1 - LOWEST * (1 - kept))
        return ChosenStrength(
            LOWEST, f"{words}; not even strength {LOWEST:g} suffices, which keeps {left:.0f} %", found
        )
    return ChosenStrength(strength, f"{words}, which strength {strength:g} keeps", found)
