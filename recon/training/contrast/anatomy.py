"""Heads to train on: full-dose pairs of patients, and anatomy that uptake is painted into."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import nibabel as nib
import numpy as np
from pydantic import BaseModel, ConfigDict
from scipy.ndimage import binary_closing, binary_fill_holes, gaussian_filter, label

from recon.arrays import FloatArray, Mask
from recon.errors import InvalidRequest
from recon.preservation.spacing import require_same


class HeadSource(BaseModel):
    """A data source of the recipe.

    Attributes
    ----------
    name
        Of the source.
    pre
        T1 without contrast agent, NIfTI, relative to a data folder.
    full
        T1 after a full dose, in the voxels of ``pre``; empty for anatomy alone.
    weight
        How often it is drawn, relative to the others.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    pre: str
    full: str = ""
    weight: float = 1.0


@dataclass(frozen=True)
class HeadVolume:
    """One head, (slice, y, x), 99th percentile of the foreground 1.

    Attributes
    ----------
    pre
        T1 without agent.
    full
        T1 after a full dose in its own scale (99th percentile 1), or None.
    mask
        The head, or the brain where the scan is skull-stripped.
    kind
        Whether it is a patient's pair or anatomy alone.
    spacing
        Distance of columns, rows and slices, mm.
    """

    name: str
    pre: FloatArray
    full: FloatArray | None
    mask: Mask
    kind: Literal["pair", "anatomy"]
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)


def load_head(source: HeadSource, roots: list[Path]) -> HeadVolume:
    """Read a source, cropped to the head.

    Raises
    ------
    FileNotFoundError
        When a file lies under none of the roots.
    ValueError
        When the scans of a pair differ in shape.
    InvalidRequest
        When their voxels differ in size.
    """
    pre, spacing = _read(_find(source.pre, roots))
    mask = head_mask(pre)
    box = tuple(
        slice(max(0, int(hits.min()) - 6), int(hits.max()) + 7)
        for hits in (np.flatnonzero(mask.any(axis=axes)) for axes in ((1, 2), (0, 2), (0, 1)))
    )
    full = None
    if source.full:
        full, theirs = _read(_find(source.full, roots))
        if full.shape != mask.shape:
            raise ValueError(f"{source.full} has shape {full.shape}, {source.pre} has {mask.shape}")
        instead = "resample it to the voxels of the other"
        require_same(Path(source.pre), spacing, Path(source.full), theirs, instead)
        full = full[box]
        full = full / np.percentile(full[mask[box]], 99)
    pre, mask = pre[box], mask[box]
    pre = pre / np.percentile(pre[mask], 99)
    kind: Literal["pair", "anatomy"] = "anatomy" if full is None else "pair"
    return HeadVolume(
        source.name, np.minimum(pre, 3.0), None if full is None else np.minimum(full, 6.0), mask, kind, spacing
    )


def head_mask(image: FloatArray) -> Mask:
    """The largest connected bright region, without holes."""
    positive = image[image > 0]
    smooth = gaussian_filter(image, 1.0)
    bright = smooth > 0.2 * np.percentile(positive, 98)
    parts, count = label(binary_closing(bright, iterations=2))
    if count > 1:
        parts = parts == 1 + np.argmax(np.bincount(parts.ravel())[1:])
    filled = binary_fill_holes(parts > 0)
    for index in range(len(filled)):
        filled[index] = binary_fill_holes(filled[index])
    return np.asarray(filled, dtype=bool)


Matching = Literal["equal", "common", "local"]


def matched_enhancement(head: HeadVolume, matching: Matching, signed: bool, gain: float = 1.0) -> FloatArray:
    """What a full dose adds to ``pre`` in a pair, on the scale of ``pre``.

    Two routine scans rarely have the same scale, and there is no one right way to match them.

    Parameters
    ----------
    head
        A pair.
    matching
        ``equal``: as they are, with equal 99th percentiles; ``common``: so that most tissue keeps its value;
        ``local``: the same, and coil shading too.
    signed
        Whether places that became darker count, which in scans of two different sequences anatomy causes.
    gain
        What the full-dose scan is multiplied by besides.
    """
    assert head.full is not None
    inside = head.mask & (head.pre > 0.02) & (head.full > 0)
    full = head.full * np.float32(gain)
    if matching == "common":
        full = full * np.float32(common_ratio(head))
    elif matching == "local":
        full = full * local_ratio(head)
    change = np.where(inside, full - head.pre, 0).astype(np.float32)
    if not signed:
        change = np.maximum(change, 0)
    return np.clip(change, -0.6, 3.0)


def local_ratio(head: HeadVolume) -> FloatArray:
    """Ratio of pre to full dose as a slow function of place, of tissue that takes up little."""
    assert head.full is not None
    smooth = [gaussian_filter(image, 1.5)[::3, ::3, ::3] for image in (head.pre, head.full)]
    keep = (smooth[0] > 0.3) & (smooth[1] > 0.05) & head.mask[::3, ::3, ::3]
    ratio = np.log(smooth[0][keep] / smooth[1][keep])
    axes = [np.linspace(-1, 1, side, dtype=np.float32) for side in head.pre.shape]
    powers = [(i, j, k) for i in range(4) for j in range(4 - i) for k in range(4 - i - j)]

    def terms(z: FloatArray, y: FloatArray, x: FloatArray) -> list[FloatArray]:
        return [z**i * y**j * x**k for i, j, k in powers]

    coarse = np.meshgrid(*(axis[::3] for axis in axes), indexing="ij")
    table = np.stack(terms(*(axis[keep] for axis in coarse)), 1)
    weight = np.ones(len(ratio))
    for _ in range(15):
        root = weight[:, None]
        found = np.linalg.solve((table * root).T @ table, (table * root).T @ ratio)
        error = ratio - table @ found
        weight = 1 / (1 + (error / 0.08) ** 2) ** 2
    z, y, x = np.meshgrid(*axes, indexing="ij", sparse=True)
    total = np.zeros(head.pre.shape, np.float32)
    for value, term in zip(found, terms(z, y, x), strict=True):
        total = total + np.float32(value) * term
    return np.exp(np.clip(total, -2, 2)).astype(np.float32)


def common_ratio(head: HeadVolume) -> float:
    """The commonest ratio of pre to full dose: of tissue that takes up nothing."""
    assert head.full is not None
    smooth = [gaussian_filter(image, 1.5)[head.mask] for image in (head.pre, head.full)]
    keep = (smooth[0] > 0.2) & (smooth[1] > 0.05)
    ratio = np.log(smooth[0][keep] / smooth[1][keep])
    counts, edges = np.histogram(ratio, 400, (-3.0, 3.0))
    soft = gaussian_filter(counts.astype(float), 4.0)
    peak = int(soft.argmax())
    return float(np.exp(0.5 * (edges[peak] + edges[peak + 1])))


def _find(relative: str, roots: list[Path]) -> Path:
    for root in roots:
        if (root / relative).exists():
            return root / relative
    raise FileNotFoundError(f"training data {relative!r} is not in {', '.join(map(str, roots))} (--data)")


def _read(path: Path) -> tuple[FloatArray, tuple[float, float, float]]:
    image = nib.as_closest_canonical(nib.load(path))
    column, row, depth = (float(step) for step in image.header.get_zooms()[:3])
    return np.ascontiguousarray(np.asarray(image.dataobj, dtype=np.float32).T), (column, row, depth)


def matching_of(name: str) -> Matching:
    """A way to match two scans, by name.

    Raises
    ------
    InvalidRequest
        Naming what there is.
    """
    ways: dict[str, Matching] = {"equal": "equal", "common": "common", "local": "local"}
    if name not in ways:
        raise InvalidRequest(f"no matching {name!r}; there are {', '.join(ways)}")
    return ways[name]


def scene_of(
    pre: FloatArray, full: FloatArray | None, matching: Matching, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray, float]:
    """Anatomy, what a full dose adds (both with the 99th percentile 1), and that percentile.

    Parameters
    ----------
    pre
        (slice, y, x) in any unit.
    full
        In the same voxels, or None to invent the uptake.
    matching
        Of a pair.
    rng
        Source of invented uptake.

    Raises
    ------
    InvalidRequest
        When the two scans differ in shape.
    """
    from recon.training.contrast.sampler import painted_scene

    mask = head_mask(pre)
    scale = float(np.percentile(pre[mask], 99))
    clean = np.clip(pre / scale, 0, 3.0).astype(np.float32)
    if full is None:
        painted, change, _ = painted_scene(HeadVolume("", clean, None, mask, "anatomy"), rng, turned=False)
        return painted, change, scale
    if full.shape != pre.shape:
        raise InvalidRequest(f"the full-dose scan has shape {full.shape}, the pre scan {pre.shape}")
    after = np.clip(full / np.percentile(full[mask], 99), 0, 6.0).astype(np.float32)
    return clean, matched_enhancement(HeadVolume("", clean, after, mask, "pair"), matching, signed=False), scale
