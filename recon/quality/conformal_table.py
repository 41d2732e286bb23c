"""Conformal factors by what is known of a scan before there is an image.

Split conformal prediction holds on average over scans like those that it was calibrated on; calibrated within
groups it holds for each of them: Vovk, *Conditional validity of inductive conformal predictors*, ACML 2012.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

Range = tuple[float, float]


@dataclass(frozen=True)
class ScanCondition:
    """What is known of a scan from its k-space.

    Attributes
    ----------
    pattern
        As :func:`recon.physics.sampling.pattern_of` names it.
    acceleration
        Samples of the matrix over samples measured.
    coils
        Receive coils.
    """

    pattern: str
    acceleration: float
    coils: int

    def __str__(self) -> str:
        coils = f"{self.coils} coil{'s' if self.coils > 1 else ''}"
        return f"{self.pattern} at acceleration {self.acceleration:.2f}, {coils}"


@dataclass(frozen=True)
class Cell:
    """A group of scans and its factor.

    Attributes
    ----------
    pattern
        Of the mask.
    acceleration, coils
        From the first number to below the second.
    factor
        What half-widths are multiplied by.
    calibrated
        Whether the interval then covers what it says on every anatomy that it was measured on; else it is the best
        that is known, and no more.
    """

    pattern: str
    acceleration: Range
    coils: Range
    factor: float = 1.0
    calibrated: bool = True

    def holds(self, scan: ScanCondition) -> bool:
        """Whether a scan belongs to the group."""
        return (
            scan.pattern == self.pattern
            and self.acceleration[0] <= scan.acceleration < self.acceleration[1]
            and self.coils[0] <= scan.coils < self.coils[1]
        )


@dataclass(frozen=True)
class ConformalTable:
    """The groups of scans that are told apart; no scan belongs to two of them."""

    cells: Sequence[Cell]

    def find(self, scan: ScanCondition) -> Cell | None:
        """The scan's group; None where there is none like it."""
        return next((cell for cell in self.cells if cell.holds(scan)), None)

    @property
    def widest(self) -> float:
        """The largest factor of all groups."""
        return max(cell.factor for cell in self.cells)

    def dump(self) -> str:
        """As one line of JSON, for a model's configuration."""
        return json.dumps([asdict(cell) for cell in self.cells])

    @classmethod
    def parse(cls, text: str) -> ConformalTable:
        """From what :meth:`dump` wrote.

        Raises
        ------
        ValueError
            When it is no such table, or has no groups.
        """
        try:
            cells = [
                Cell(
                    str(item["pattern"]),
                    _range(item["acceleration"]),
                    _range(item["coils"]),
                    float(item["factor"]),
                    bool(item["calibrated"]),
                )
                for item in json.loads(text)
            ]
        except (KeyError, TypeError) as error:
            raise ValueError(f"no table of conformal factors: {error!r}") from error
        if not cells:
            raise ValueError("a table of conformal factors without groups")
        return cls(cells)


def _range(values: Sequence[float]) -> Range:
    low, high = values
    return float(low), float(high)
