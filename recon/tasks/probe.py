"""A slice once more, with known lesions in its measurement: what every task that offers probes makes of one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from recon.errors import InvalidRequest
from recon.probes.grid import ProbeGrid
from recon.quality.survival import Shares
from recon.v1 import common_pb2
from recon.volumes import FloatImage

if TYPE_CHECKING:
    from recon.tasks.base import SliceWork

#: Of the slices, one in so many: with what placing and judging the lesions takes, at most a tenth more time a series.
EVERY = 12


class Probes(StrEnum):
    """On which slices lesions are added."""

    OFF = "off"
    FEW = "few"
    ALL = "all"

    def on(self, index: int, slices: int | None) -> bool:
        """Whether slice ``index`` of so many is one of them; where their number is not known, one in so many is."""
        if self is not Probes.FEW:
            return self is Probes.ALL
        if slices is None:
            return index % EVERY == EVERY // 2
        count = max(1, slices // EVERY)
        part = index * count // slices  # of so many parts, of which the middle one is
        return index == (2 * part + 1) * slices // (2 * count)


#: What an option says to a person.
HELP = "Add known small lesions to the measurement and say what is left of them: off, few (one slice in twelve), all."
SURVIVAL_HELP = "Also write a map of the contrast that the lesion keeps, on the slices that are probed."
_KNOWN: dict[int, Probes] = {
    common_pb2.PROBES_UNSPECIFIED: Probes.FEW,
    common_pb2.PROBES_OFF: Probes.OFF,
    common_pb2.PROBES_FEW: Probes.FEW,
    common_pb2.PROBES_ALL: Probes.ALL,
}


def wants_maps(asked: bool, probes: Probes) -> bool:
    """Whether a map of what the lesions keep is made: where a header asks for one.

    Raises
    ------
    InvalidRequest
        When none can be, since no lesion is added.
    """
    if asked and probes is Probes.OFF:
        raise InvalidRequest("a map of what known lesions keep is made by probes; leave them on", field="survival")
    return asked


def probes_to_message(probes: str) -> Any:
    """As a header says it.

    Raises
    ------
    InvalidRequest
        When it is none of off, few and all.
    """
    found = {str(probe): value for value, probe in _KNOWN.items()}
    if probes not in found:
        raise InvalidRequest(f"probes is {probes!r}; it must be one of {', '.join(Probes)}", field="probes")
    return found[probes]


def probes_from_message(value: int) -> Probes:
    """As a header says it.

    Raises
    ------
    InvalidRequest
        When it is none that is known here.
    """
    if value not in _KNOWN:
        raise InvalidRequest(f"probes is {value}; it must be one of {', '.join(Probes)}", field="probes")
    return _KNOWN[value]


@dataclass(frozen=True)
class Probe:
    """A slice with lesions.

    Attributes
    ----------
    work
        As for the slice itself, with the lesions in what was measured.
    grid
        Which lesions, and where.
    expected
        (y, x) in the image's unit: by how much the two images would differ if all contrast were kept.
    plain
        (y, x) the image without lesions.
    """

    work: SliceWork
    grid: ProbeGrid
    expected: FloatImage
    plain: FloatImage

    def shares(self, image: FloatImage) -> Shares:
        """What is kept in the image (y, x) with lesions."""
        return self.grid.shares(image - self.plain, self.expected)

    def survival(self, shares: Shares) -> FloatImage:
        """Those of the one lesion that there is as a picture (y, x), NaN where none is near."""
        (found,) = shares.values()
        return self.grid.spread(found)
