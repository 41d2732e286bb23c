"""Which samples of k-space are measured: under-sampling patterns, and what a pattern is."""

from __future__ import annotations

import numpy as np

from served.arrays import Mask

#: Share of the samples of whole lines, the rest being lost; and of those of lines between their ends.
_WHOLE, _WITHOUT_GAPS = 0.99, 0.9
#: Share of the lines that a pattern in the plane meets; Poisson discs meet 0.96 and more, regular lines half at most.
_EVERY_LINE = 0.9


def equispaced(columns: int, acceleration: int, calibration: int, offset: int = 0) -> Mask:
    """Every ``acceleration``-th column (from ``offset``) plus a central block, (columns,) bool."""
    mask = np.zeros(columns, bool)
    mask[offset % acceleration :: acceleration] = True
    return mask | central(columns, calibration)


def random_columns(columns: int, acceleration: float, calibration: int, rng: np.random.Generator) -> Mask:
    """Columns drawn at random so that about one in ``acceleration`` is measured, (columns,) bool."""
    centre = central(columns, calibration)
    wanted = max(columns / acceleration - calibration, 0.0)
    return centre | (rng.random(columns) < wanted / max(columns - calibration, 1))


def central(length: int, width: int) -> Mask:
    """A block of ``width`` about the zero frequency ``length // 2``, (length,) bool."""
    index = np.arange(length) - length // 2
    return (index >= -(width // 2)) & (index < width - width // 2)


def partial_fourier(length: int, fraction: float) -> Mask:
    """The last ``fraction`` of a k-space axis, (length,) bool; 0.5 keeps one half and the centre."""
    return np.arange(length) >= round(length * (1.0 - fraction))


def pattern_of(mask: Mask) -> str:
    """How a mask leaves samples out: in lines that are regular, random or short, on a grid, or in the plane.

    ``regular lines`` and ``random lines`` are whole rows or columns; regular ones lie equally far apart outside of
    the centre that is measured whole. ``short lines`` have no gaps, but do not all reach from edge to edge: after an
    asymmetric echo, or with reference lines of their own length. Of a ``grid`` lines are left out, and samples of
    those that are measured. ``plane`` has gaps in nearly every line, and leaves out none: a Poisson disc.
    """
    for lines in (mask.T, mask):
        measured = lines.any(axis=1)
        if mask.sum() >= _WHOLE * measured.sum() * lines.shape[1]:
            # from the middle outwards, until a line is missing, is the centre
            middle = len(measured) // 2
            low = middle - _leading(np.append(measured[:middle][::-1], False))
            high = middle + _leading(np.append(measured[middle:], False))
            gaps = np.concatenate([np.diff(np.flatnonzero(side)) for side in (measured[:low], measured[high:])])
            return "regular lines" if len(gaps) == 0 or (gaps == gaps[0]).all() else "random lines"
    if any(mask.sum() >= _WITHOUT_GAPS * sum(map(_span, lines)) for lines in (mask.T, mask)):
        return "short lines"
    met = [measured.sum() / _span(measured) for measured in (mask.any(axis=0), mask.any(axis=1))]
    return "plane" if min(met) >= _EVERY_LINE else "grid"


def _span(line: Mask) -> int:
    """From the first sample that was measured to the last; what lies beyond, a pattern need not reach."""
    found = np.flatnonzero(line)
    return int(found[-1] - found[0]) + 1 if len(found) else 0


def calibration_block(mask: Mask) -> tuple[slice, slice]:
    """Rows and columns of the largest fully sampled rectangle of a mask (ky, kx) that holds the zero frequency.

    It need not be centred there, as after a half echo. Empty where the zero frequency was not measured.
    """
    cy, cx = (side // 2 for side in mask.shape)
    best, score = (slice(cy, cy), slice(cx, cx)), (0, 0)
    top, bottom = _reach(mask[:, cx], cy)
    full = np.ones(mask.shape[1], bool)
    for half in range(1, max(cy - top, bottom - cy) + 1):
        rows = slice(max(top, cy - half), min(bottom, cy + half))
        if not rows.start <= cy < rows.stop:
            break
        full &= mask[rows.start] & mask[rows.stop - 1]  # the rows between are in it already
        left, right = _reach(full, cx)
        sides = rows.stop - rows.start, right - left
        if (min(sides), sides[0] * sides[1]) > score:
            best, score = (rows, slice(left, right)), (min(sides), sides[0] * sides[1])
    return best


def _reach(line: Mask, centre: int) -> tuple[int, int]:
    """First and one past the last of the samples about ``centre`` that were all measured."""
    if not line[centre]:
        return centre, centre
    return centre - _leading(line[:centre][::-1]), centre + _leading(line[centre:])


def _leading(line: Mask) -> int:
    """How many samples were measured before the first that was not."""
    return len(line) if line.all() else int(np.argmin(line))


def calibration_size(mask: Mask) -> tuple[int, int]:
    """Height and width of the fully sampled centred rectangle of a mask (ky, kx), each at least 1.

    Grown from the centre, the longer side first given up, so that a strip of full columns is found
    as well as a square.
    """
    cy, cx = (side // 2 for side in mask.shape)
    best = (1, 1)
    full = np.ones(mask.shape[1], bool)
    for height in range(2, mask.shape[0] + 1, 2):
        full &= mask[cy - height // 2] & mask[cy + height // 2 - 1]
        width = 2 * min(_leading(full[:cx][::-1]), _leading(full[cx:]))
        if width < 2:
            break
        if min(height, width) > min(best) or (min(height, width) == min(best) and height * width > best[0] * best[1]):
            best = (height, width)
    return best
