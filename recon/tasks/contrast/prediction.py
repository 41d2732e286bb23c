"""What the network says of a slice, as far as the scans support it; the interval goes on holding all that it said."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recon.tasks.contrast.evidence import unsupported
from recon.volumes import FloatImage


@dataclass(frozen=True)
class Prediction:
    """Planes (y, x) float32 of the part with the head, 99th percentile of the pre scan 1.

    Attributes
    ----------
    enhancement
        That is shown: without what the low dose does not support.
    width
        Half the width of the interval as the network said it, without the conformal factor.
    moved
        By how much the enhancement was lowered.
    doubtful
        Of :func:`recon.tasks.contrast.evidence.unsupported`.
    """

    enhancement: FloatImage
    width: FloatImage
    moved: FloatImage
    doubtful: FloatImage

    @classmethod
    def of(cls, planes: FloatImage, difference: FloatImage, noise: float) -> Prediction:
        """Of the network's planes (3, y, x): enhancement, and how far the truth may lie below and above.

        Parameters
        ----------
        planes
            That the network made.
        difference, noise
            As for :func:`recon.tasks.contrast.evidence.unsupported`.
        """
        said, below, above = planes
        doubtful = unsupported(said, difference, noise)
        # what the low dose does not support is reported, marked, and not shown
        shown = np.where(doubtful > 0, np.minimum(said, np.maximum(said - doubtful, 0)), said)
        # the larger distance: the error inside a lesion has a sign, and the mean of both would miss its side
        return cls(shown, np.maximum(below, above), said - shown, doubtful)

    def half_width(self, factor: float) -> FloatImage:
        """(y, x) of the interval around the enhancement; see :func:`half_width`."""
        return half_width(self.width, self.moved, self.doubtful, factor)


def half_width(width: FloatImage, moved: FloatImage, doubtful: FloatImage, factor: float) -> FloatImage:
    """Half the width of an interval that holds what it held around the enhancement that the network said.

    Calibration takes this, too: what is calibrated must be what is served.

    Parameters
    ----------
    width, moved, doubtful
        Of a :class:`Prediction`, of any shape.
    factor
        Conformal factor of the model.
    """
    return np.maximum(width * np.float32(factor) + moved, doubtful)
