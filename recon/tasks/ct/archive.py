"""Which scans of an archive are CT."""

from __future__ import annotations

import numpy as np

from recon.arrays import FloatArray
from recon.errors import UnreadableInput
from recon.tasks.archive import ArchivedScan, Claim
from recon.values.content import Content

#: Values below this are air or lung in HU; no MR image and no lost rescale has them.
_AIR_HU = -200.0
#: Where air itself lies, and what share of a scan holds it at least.
_DENSE_AIR_HU, _LEAST_AIR = -850.0, 0.005
#: Air and padding are narrow peaks: the two fullest bins below -500 hold at least this share of all that is
#: darker than fat. A difference of two scans, or a phase, spreads instead.
_BIN_HU, _PEAKED_BELOW_HU, _PEAKS = 100.0, -500.0, 0.35


def claim(scan: ArchivedScan) -> Claim:
    """CT series, and volumes whose values can be HU."""
    if scan.content is Content.CT:
        return Claim(True, f"CT slices ({scan.detail})")
    if scan.content is not Content.VOLUME:
        return Claim()
    from recon.io.formats import LeftOut, OpenedVolume, open_files

    opened = list(open_files([scan.path], (Content.VOLUME,)))
    volumes = [one for one in opened if isinstance(one, OpenedVolume)]
    for one in volumes:
        if trouble := why_no_hu(one.some_values()):
            return Claim(False, f"a volume, but {trouble}")
    if not volumes:
        reasons = [one.reason.removeprefix(f"{scan.path}: ") for one in opened if isinstance(one, LeftOut)]
        raise UnreadableInput(f"{scan.path}: {'; '.join(reasons) or 'holds no volume'}")
    return Claim(True, "a volume with air below -200, as HU have it")


def why_no_hu(values: FloatArray) -> str:
    """Why values (any shape) can't be HU; empty when they can."""
    values = values[np.isfinite(values)]
    if not values.size:
        return "it has no slices of numbers"
    lowest = float(values.min())
    if lowest >= _AIR_HU:
        return f"its values start at {lowest:.0f}, so they are no HU; an MR volume needs its pair"
    dark = values[values < _AIR_HU]
    if (values < _DENSE_AIR_HU).mean() < _LEAST_AIR:
        return f"its values reach {lowest:.0f} without the air that HU show near -1000: a difference of two scans?"
    bins = np.floor(dark[dark < _PEAKED_BELOW_HU] / _BIN_HU)
    _, counts = np.unique(bins, return_counts=True)
    if np.sort(counts)[-2:].sum() < _PEAKS * dark.size:
        return f"its values spread down to {lowest:.0f} where HU have a peak of air: a phase or a difference of scans?"
    return ""
