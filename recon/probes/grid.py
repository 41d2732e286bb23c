"""Many lesions in one slice, far enough apart not to disturb each other.

One pass of a network over a slice with many lesions tells as much as one pass for each: about 30 pixels apart, the
share kept at a place is the same to 0.001-0.003 whether the lesion is alone or one of a hundred. Places are
irregular, since what an under-sampled scan folds would lie on the next place of a regular grid.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recon.arrays import FloatArray, IntegerArray
from recon.errors import InvalidRequest
from recon.probes.lesion import disc
from recon.quality.survival import FEWEST_PLACES, Lesion, Shares
from recon.volumes import FloatImage

#: Sides of the cells in which a slice is looked at for tissue, pixels.
CELL_PX = 4
_APART_CELLS = 7
#: Ways to place them that are tried.
_TRIES = 4
#: Standard deviation of the weights by which shares are spread around their places, pixels: places count by turns.
_SPREAD_PX = 10.0
#: Smaller ones have no picture.
_LEAST_PX = 0.25
#: Half the distance of two lesions: no picture of one reaches into another's.
REACH_PX = (CELL_PX * _APART_CELLS - 1) // 2


@dataclass(frozen=True)
class ProbeGrid:
    """Lesions at places of one slice.

    Attributes
    ----------
    places
        (n, 2) rows and columns, in no particular order.
    lesions
        One for each place.
    shape, spacing_mm
        Of the slice, and the distance of its rows and columns.
    blur_mm
        Standard deviation of the scanner's point spread.
    suitable
        (y, x) of :func:`cells`: those that hold the tissue that was wanted.
    """

    places: IntegerArray
    lesions: Sequence[Lesion]
    shape: tuple[int, int]
    spacing_mm: tuple[float, float]
    blur_mm: float
    suitable: npt.NDArray[np.bool_]

    def scaled(self, by: FloatArray, depth_mm: float = 0.0) -> FloatImage:
        """The lesions (y, x) at their contrasts times ``by`` (n,).

        Parameters
        ----------
        by
            At each place.
        depth_mm
            Distance from the slice through the middles of the lesions, which are balls.
        """
        found = np.zeros(self.shape, np.float32)
        for (row, column), lesion, scale in zip(self.places, self.lesions, by, strict=True):
            square = lesion.size_mm**2 - 4 * depth_mm**2
            if square > 0:
                shown = disc(math.sqrt(square), self.spacing_mm, self.blur_mm, REACH_PX)
                found[_box(row, column)] = shown * np.float32(lesion.contrast * scale)
        return found

    def at(self, means: FloatImage) -> FloatArray:
        """Of :func:`cells`, those at the places, (n,)."""
        return np.asarray(means[tuple((self.places // CELL_PX).T)])

    def shares(self, response: FloatImage, expected: FloatImage) -> Shares:
        """Share of the contrast kept at each place: the projection of the response on what was added.

        Parameters
        ----------
        response
            (y, x) the image with lesions less the image without: noise and anatomy cancel.
        expected
            (y, x) what the difference would be if all were kept.
        """
        found: dict[Lesion, list[float]] = {}
        for (row, column), lesion in zip(self.places, self.lesions, strict=True):
            box = _box(row, column)
            wanted = expected[box].astype(np.float64)
            found.setdefault(lesion, []).append(float((response[box] * wanted).sum() / np.square(wanted).sum()))
        return {lesion: np.array(values) for lesion, values in found.items()}

    def spread(self, shares: FloatArray) -> FloatImage:
        """Shares (n,) as a picture (y, x): means of the places nearby, weighted by a Gaussian of the distance.

        NaN in other tissue, and where no place is nearer than the least distance of two.
        """
        down, across = (
            np.exp(-0.5 * ((np.arange(side)[None, :] - self.places[:, axis, None]) / _SPREAD_PX) ** 2)
            for axis, side in enumerate(self.shape)
        )
        weight = down.T @ across
        mean = (down * shares[:, None]).T @ across / np.maximum(weight, np.finfo(float).tiny)
        near = weight > math.exp(-0.5 * (CELL_PX * _APART_CELLS / _SPREAD_PX) ** 2)
        tissue = np.zeros(self.shape, bool)
        rows, columns = (CELL_PX * side for side in self.suitable.shape)
        tissue[:rows, :columns] = self.suitable.repeat(CELL_PX, axis=0).repeat(CELL_PX, axis=1)
        return np.where(near & tissue, mean, np.nan).astype(np.float32)


def cells(image: FloatImage) -> FloatImage:
    """Means over cells of :data:`CELL_PX` pixels a side; what is left over at the far edges is left out."""
    rows, columns = (side // CELL_PX for side in image.shape)
    part = image[: rows * CELL_PX, : columns * CELL_PX]
    return part.reshape(rows, CELL_PX, columns, CELL_PX).mean(axis=(1, 3))


def grid(
    suitable: npt.NDArray[np.bool_],
    lesions: Sequence[Lesion],
    shape: tuple[int, int],
    spacing_mm: tuple[float, float],
    blur_mm: float,
) -> ProbeGrid | None:
    """Places in suitable cells; None where there is not one.

    Lesions take turns from place to place. Where there are few places, only the first lesions are used, so that each
    has at least :data:`recon.quality.survival.FEWEST_PLACES`.

    Parameters
    ----------
    suitable
        (y, x) of :func:`cells`: those that hold the tissue that is wanted.
    lesions
        Most important first.
    shape
        Of the slice.
    spacing_mm
        Distance of rows and of columns.
    blur_mm
        Standard deviation of the scanner's point spread.
    """
    whole = _with_neighbours(suitable)
    edge = -(-REACH_PX // CELL_PX)
    inside = np.zeros_like(whole)
    inside[edge:-edge, edge:-edge] = whole[edge:-edge, edge:-edge]
    candidates = np.argwhere(inside)
    if not len(candidates):
        return None
    hits = max((_apart(candidates, np.random.default_rng(seed)) for seed in range(_TRIES)), key=len)
    places = hits * CELL_PX + CELL_PX // 2
    kinds = max(1, min(len(lesions), len(places) // FEWEST_PLACES))
    turns = [lesions[number % kinds] for number in range(len(places))]
    return ProbeGrid(places, turns, shape, spacing_mm, blur_mm, suitable)


def room_mm(spacing_mm: tuple[float, float], blur_mm: float) -> float:
    """The largest lesion whose picture does not reach into the next, mm; parameters as of :func:`require_room`."""
    return 2 * (REACH_PX * min(spacing_mm) - 2 * blur_mm)


def require_room(lesion: Lesion, spacing_mm: tuple[float, float], blur_mm: float) -> None:
    """Refuse a lesion whose picture would reach into the next, or be none.

    Parameters
    ----------
    lesion
        That is to be placed.
    spacing_mm
        Distance of rows and of columns.
    blur_mm
        Standard deviation of the scanner's point spread.

    Raises
    ------
    InvalidRequest
        Naming the largest, or the smallest.
    """
    most = room_mm(spacing_mm, blur_mm)
    if lesion.size_mm > most:
        raise InvalidRequest(f"a {lesion} does not fit; at most {most:.1f} mm here", field="required.size_mm")
    fewest = _LEAST_PX * max(spacing_mm)
    if lesion.size_mm < fewest:
        raise InvalidRequest(f"a {lesion} is less than a pixel; at least {fewest:.2g} mm", field="required.size_mm")


def _apart(candidates: IntegerArray, rng: np.random.Generator) -> IntegerArray:
    """Some of the cells (n, 2), none near another, drawn until no more fits."""
    left, taken = rng.permutation(candidates), []
    while len(left):
        taken.append(left[0])
        left = left[np.abs(left - left[0]).max(axis=1) >= _APART_CELLS]
    return np.array(taken)


def _with_neighbours(suitable: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """IntegerArray all of whose eight neighbours are suitable, too."""
    padded = np.pad(suitable, 1)
    rows, columns = suitable.shape
    found = suitable.copy()
    for down in range(3):
        for right in range(3):
            found &= padded[down : down + rows, right : right + columns]
    return found


def _box(row: int, column: int) -> tuple[slice, slice]:
    return slice(row - REACH_PX, row + REACH_PX + 1), slice(column - REACH_PX, column + REACH_PX + 1)
