"""What has changed between two series, as Parametric Maps in the place of the earlier one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code
from pydicom.uid import generate_uid

from recon.io.dicom.write.derive import DerivedSeries
from recon.io.dicom.write.parametric_map import HOUNSFIELD, NO_UNITS, ParametricMap, Quantity
from recon.volumes import Unit

#: Stored of a difference that is not known, since the later image does not show the place; no difference is it.
NOT_SHOWN = float(np.finfo(np.float32).min)


def difference_map(model: str, unit: Unit, path: Path) -> ParametricMap:
    """The later image less the earlier one, in their unit; padding (:data:`NOT_SHOWN`) where it is NaN."""
    words = "Later image, moved onto the earlier one, less the earlier one"
    return _map(words, "DIFFERENCE", "difference", 7300, _code(unit), ("0", "100"), model, unit, path, NOT_SHOWN)


def change_map(model: str, unit: Unit, path: Path) -> ParametricMap:
    """The number of the region that has changed by more than both intervals allow, 0 where none has."""
    words = "Regions changed by more than both 90 % intervals allow"
    return _map(words, "CHANGE", "changes", 7301, NO_UNITS, ("1", "2"), model, unit, path)


def _map(
    words: str,
    kind: str,
    label: str,
    offset: int,
    code: Code,
    window: tuple[str, str],
    model: str,
    unit: Unit,
    path: Path,
    padding: float | None = None,
) -> ParametricMap:
    derived = codes.cid7203.PixelByPixelSubtraction
    series = DerivedSeries(kind, label, offset, f"{words}. For research use.", derived, model, generate_uid())
    quantity = Quantity(kind, words, code, window, padding)
    return ParametricMap(series, quantity, path, "CT" if unit is Unit.HU else "MR")


def _code(unit: Unit) -> Code:
    return HOUNSFIELD if unit is Unit.HU else NO_UNITS
