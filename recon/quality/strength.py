"""How much may be smoothed so that a known lesion keeps its share of contrast."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from recon.quality.survival import Least, Lesion, Shares, Survival, counted

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
        Of CT the share of the noise that is removed, of contrast the share of the network's result.
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


def everything(lesion: Lesion) -> float:
    """What is kept at strength 0 where that is the scan as it came: all."""
    return 1.0


def at_strength(shares: Shares, strength: float, rest: Callable[[Lesion], float] = everything) -> Shares:
    """What is kept where only a part of the network's result is taken: s kept + (1 - s) rest, or 1 - s (1 - kept).

    Parameters
    ----------
    shares
        Kept at full strength.
    strength
        Share of the network's result.
    rest
        What a lesion keeps in that which is put in the place of the rest.
    """
    return {lesion: values + (1 - strength) * (rest(lesion) - values) for lesion, values in shares.items()}


def choose(full: Sequence[Survival], least: Least, rest: float = 1.0) -> ChosenStrength:
    """The most smoothing at which the lesion still keeps its share, in whole hundredths.

    Where no lesion could be placed it is the strength at which it keeps its share even if the network removes all
    of it; where no strength suffices it is the one that keeps most, and the check ``lesions_survive`` fails.

    Parameters
    ----------
    full
        Measured at full strength.
    least
        What is asked.
    rest
        What the lesion keeps at strength 0.
    """
    asked = f"{100 * least.kept:g} % is asked"
    safe = max(LOWEST, _hundredths(1 - least.kept / rest, 1e-6))
    found = next((one for one in full if one.lesion == least.lesion), None)
    if found is None:
        if least.kept > rest * (1 - safe) + 1e-6:
            return ChosenStrength(safe, f"no place for a {least.lesion}, and no strength that surely suffices", None)
        return ChosenStrength(safe, f"no place for a {least.lesion}: strength {safe:g} keeps its share whatever", None)
    kept = counted(found)
    words = f"at full strength a {least.lesion} keeps {100 * kept:.0f} % of its contrast, {asked}"
    if kept >= least.kept:
        return ChosenStrength(1.0, words, found)
    if rest <= kept:
        return ChosenStrength(1.0, f"{words}; less strength would keep no more", found)
    # a hair lower, so that rounding never puts it beyond the limit
    strength = _hundredths((rest - least.kept) / (rest - kept), -1e-6)
    if strength < LOWEST:
        left = 100 * (rest - LOWEST * (rest - kept))
        return ChosenStrength(
            LOWEST, f"{words}; not even strength {LOWEST:g} suffices, which keeps {left:.0f} %", found
        )
    return ChosenStrength(strength, f"{words}, which strength {strength:g} keeps", found)


def _hundredths(strength: float, slack: float) -> float:
    return math.floor(_STEPS * strength + slack) / _STEPS
