"""Means over part of a picture."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


def mean_where(mask: npt.NDArray[np.bool_], values: npt.NDArray[Any]) -> float:
    """Mean of the values where the mask is true; NaN where it is nowhere.

    A product with the mask as numbers: several times faster than picking the values out.

    Parameters
    ----------
    mask, values
        Of one shape; the values finite.
    """
    count = np.count_nonzero(mask)
    if not count:
        return float("nan")
    return float(np.dot(mask.ravel().astype(np.float32), values.ravel().astype(np.float32, copy=False))) / count
