"""Whether the image of a slice shows a body part that the model has learned; no header is asked."""

from __future__ import annotations

import functools

from recon.quality.anatomy import Learned, shown_in
from recon.quality.verdict import Check, measure, unmeasured
from recon.tasks.base import ModelFacts
from recon.volumes import FloatImage

#: Parameter of a model's configuration; one that lacks it is for any body part.
LEARNED = "learned_anatomy"
ANATOMY, SIZE = "anatomy", "object_size"
#: What readers put where nobody said how large a pixel is, and what many protocols are.
_UNKNOWN_MM = (1.0, 1.0)
_ACTION = "compare with --model l1-wavelet before small structure is trusted"


def judge_anatomy(model: ModelFacts, image: FloatImage, spacing: tuple[float, float]) -> list[Check]:
    """Checks of one image; none where the model is for any body part.

    Parameters
    ----------
    model
        With its parameters.
    image
        (y, x) magnitude.
    spacing
        Distance of rows and of columns, mm.
    """
    if LEARNED not in model.parameters:
        return []
    learned, shown = _parsed(model.parameters[LEARNED]), shown_in(image, spacing)
    if shown is None:
        why = "there is no object in the image"
        return [unmeasured(name, why=why, action=_ACTION) for name in declared(model)]
    checks = [
        measure(
            ANATOMY,
            learned.unlike(shown.measures),
            unit="",
            upper=1.0,
            message=f"how unlike a {learned.what} the image is; the network has learned nothing else, and its interval "
            "was calibrated on nothing else",
            action=_ACTION,
        )
    ]
    words = f"diameter of a circle as large as the object, against the largest {learned.what}"
    unsure = ", if a pixel is 1 mm, which is also what files say that do not know it" if spacing == _UNKNOWN_MM else ""
    largest = learned.largest_mm
    checks.append(measure(SIZE, shown.diameter, unit="mm", upper=largest, message=words + unsure, action=_ACTION))
    return checks


def declared(model: ModelFacts) -> tuple[str, ...]:
    """Names of the checks without which a series is no PASS."""
    return (ANATOMY, SIZE) if LEARNED in model.parameters else ()


@functools.lru_cache(maxsize=8)
def _parsed(text: str) -> Learned:
    return Learned.parse(text)
