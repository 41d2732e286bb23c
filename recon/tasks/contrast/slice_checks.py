"""What can be measured on one finished slice of full-dose contrast, against its limits."""

from __future__ import annotations

import numpy as np

from recon.quality.verdict import Check, measure
from recon.tasks.contrast.checks import LIMITS
from recon.volumes import FloatImage

#: Pixels of a head, at least; a slice with fewer lies beside it.
_FEWEST = 50


def judge_shown(shown: FloatImage, head: FloatImage) -> list[Check]:
    """Whether the low-dose scan shows the head in a slice; none where there is no head.

    Parameters
    ----------
    shown, head
        (y, x) bool.
    """
    count = int(head.sum())
    if count < _FEWEST:
        return []
    return [
        measure(
            "shown_by_low",
            float(shown[head].sum()) / count,
            unit="",
            lower=LIMITS.shown,
            message="share of the head in this slice that the low-dose scan shows; elsewhere the image is the scan "
            "before contrast, and the uncertainty says so",
            action="say nothing of enhancement there",
        )
    ]


def judge_slice(doubtful: FloatImage, uncertainty: FloatImage, head: FloatImage) -> list[Check]:
    """Checks of one finished slice; beside the head there must be no enhancement, and there is no width to judge.

    Parameters
    ----------
    doubtful
        Of :func:`unsupported`.
    uncertainty
        (y, x), 99th percentile of the pre scan 1.
    head
        (y, x) bool.
    """
    beside = int(head.sum()) < _FEWEST
    looked_at = np.ones_like(head) if beside else head
    supported = [
        measure(
            "supported_by_low_dose",
            float((doubtful > 0)[looked_at].mean()),
            unit="",
            upper=LIMITS.unsupported_share,
            message="share of the head where enhancement was predicted that the low-dose difference does not support; "
            "the uncertainty map marks it",
            action="look there at the scan after the reduced dose",
        )
    ]
    if beside:
        return supported
    return [
        *supported,
        measure(
            "mean_uncertainty",
            float(uncertainty[head].mean()),
            unit="",
            lower=LIMITS.uncertainty[0],
            upper=LIMITS.uncertainty[1],
            message="mean half-width of the 90 % interval in the head, 99th percentile of the pre scan 1",
            action="too wide to tell uptake, or no width at all; compare with the difference of the scans",
        ),
    ]
