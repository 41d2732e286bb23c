"""One picture of a comparison: the slice with most change."""

from __future__ import annotations

from pathlib import Path
from typing import IO

import numpy as np

from recon.comparison.compared import Subtracted
from recon.volumes import Unit


def slice_shown(found: Subtracted) -> int:
    """The slice with most change; where there is none the middle one of those that both scans show."""
    if found.changes.regions:
        return int((found.changes.beyond > 0).sum(axis=(1, 2)).argmax())
    shown = np.flatnonzero(np.isfinite(found.changes.difference).any(axis=(1, 2)))
    return int(shown[len(shown) // 2])


def draw(found: Subtracted, target: Path | IO[bytes]) -> None:
    """Before, after, the difference, and what is beyond both intervals, as PNG."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    index = slice_shown(found)
    first, later = found.before.image.values[index], found.after[index]
    low, high = np.nanpercentile(first, (1, 99))
    most = float(np.nanpercentile(found.changes.joint[index], 99)) or 1.0
    figure, axes = plt.subplots(1, 4, figsize=(16, 4.6), layout="constrained")
    for axis, values, words in ((axes[0], first, "before"), (axes[1], later, "after, moved onto it")):
        axis.imshow(values, cmap="gray", vmin=low, vmax=high)
        axis.set_title(words)
    shown = axes[2].imshow(found.changes.difference[index], cmap="coolwarm", vmin=-2 * most, vmax=2 * most)
    axes[2].set_title("after less before")
    unit = found.before.image.unit
    figure.colorbar(shown, ax=axes[2], shrink=0.7, label="HU" if unit is Unit.HU else "in the unit of the images")
    axes[3].imshow(first, cmap="gray", vmin=low, vmax=high)
    axes[3].imshow(np.ma.masked_equal(found.changes.beyond[index] > 0, False), cmap="autumn", alpha=0.8)
    count = len(found.changes.regions)
    axes[3].set_title(f"beyond both intervals: {count} region{'s' if count != 1 else ''}")
    for axis in axes:
        axis.set_axis_off()
    of = f"slice {index + 1} of {len(found.after)}, moved by {found.moved_mm:.2g} mm"
    figure.suptitle(f"{of}; window {low:.4g} to {high:.4g}. For research use.")
    figure.savefig(target, dpi=80, format="png")
    plt.close(figure)
