"""Numbers that are not negative, as whole steps: what a network that answers in integers has said, exactly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recon.volumes import FloatImage


@dataclass(frozen=True)
class FixedPoint:
    """A picture in steps.

    Attributes
    ----------
    steps
        (y, x) uint16.
    step
        Of one, in the unit of the picture.
    """

    steps: npt.NDArray[np.uint16]
    step: float

    @property
    def values(self) -> FloatImage:
        """(y, x) float32."""
        return np.multiply(self.steps, np.float32(self.step), dtype=np.float32)


def numbers(picture: FloatImage | FixedPoint) -> FloatImage:
    """(y, x) float32 of a picture of either kind."""
    return picture.values if isinstance(picture, FixedPoint) else picture
