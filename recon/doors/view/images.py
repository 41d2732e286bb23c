"""The images of one case: before, after, half-width of the interval, and what else a task makes."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from recon.doors.view.before import NoBefore, before
from recon.doors.view.case import Case
from recon.doors.view.dicom_stack import DicomStack
from recon.doors.view.map_stack import MapStack
from recon.doors.view.nifti_stack import NiftiStack
from recon.doors.view.presets import Display, display_of, is_relative
from recon.doors.view.stack import Stack
from recon.errors import ReconError, UnreadableInput
from recon.volumes import FloatImage

AFTER, BEFORE, HALF_WIDTH = "image", "before", "uncertainty"
#: Planes that a task may make beside image and uncertainty, and what the page calls them.
_MAPS = {
    HALF_WIDTH: "half-width of the interval",
    "detectability": "smallest enhancement to be seen",
    "survival": "contrast that a known lesion keeps",
}
_MOST_OPEN = 3
_YIELD_S = 0.001


@dataclass(frozen=True)
class Extreme:
    """A place in a case that is worth a look.

    Attributes
    ----------
    index
        Of the slice.
    row, column
        In the slice.
    value
        Found there.
    """

    index: int
    row: int
    column: int
    value: float


class CaseImages:
    """Opened images.

    Parameters
    ----------
    case
        Whose.

    Raises
    ------
    UnreadableInput
        When the image itself can't be opened; other planes may be missing, and ``missing`` says why.
    """

    def __init__(self, case: Case) -> None:
        self.case = case
        self.missing: dict[str, str] = {}
        self.titles: dict[str, str] = {AFTER: "after"}
        self._planes: dict[str, Stack] = {AFTER: self._opened(AFTER)}
        self.shape, self.layout, self.affine = self.after.shape, self.after.layout, self.after.affine
        for name, title in _MAPS.items():
            try:
                found = self._opened(name)
            except ReconError as error:
                if name == HALF_WIDTH:
                    self.missing[name] = error.problem
                continue
            if found.shape[1:] == self.shape[1:]:
                self._planes[name], self.titles[name] = found, title
            else:
                self.missing[name] = f"{case.folder / name}: has another matrix than the image"
        self._mutex = threading.Lock()
        self._sought = False
        self._display: Display | None = None
        self._profile: dict[str, Any] | None = None
        self._reading: threading.Thread | None = None
        self._unread: ReconError | None = None
        self._closed = False

    @property
    def after(self) -> Stack:
        """The result."""
        return self._planes[AFTER]

    @property
    def planes(self) -> dict[str, Stack]:
        """All planes by name, the image before among them where it is found."""
        with self._mutex:
            if not self._sought:
                self._sought = True
                try:
                    self._planes[BEFORE], self.titles[BEFORE] = before(self.case, self.after)
                except NoBefore as reason:
                    self.missing[BEFORE] = str(reason)
                except ReconError as error:
                    self.missing[BEFORE] = error.problem
        return self._planes

    def read(self, plane: str, index: int) -> FloatImage | None:
        """A slice of a plane (row, column) float32; None where there is none."""
        stack = self.planes.get(plane)
        return None if stack is None else stack.read(index)

    @property
    def first(self) -> int:
        """The slice to begin with: the middle of those that have a result."""
        missing = set((self.case.report.get("slices") or {}).get("missing") or [])
        there = [index for index in range(self.shape[0]) if index not in missing] or [0]
        return there[len(there) // 2]

    @property
    def display(self) -> Display:
        """Windows and thresholds to begin with."""
        if self._display is None:
            relative = is_relative(self.case.task)
            image, widths = (self._typical(plane) if relative else None for plane in (AFTER, HALF_WIDTH))
            self._display = display_of(self.case.task, image, widths)
        return self._display

    def profile(self) -> dict[str, Any]:
        """How wide the interval is, slice by slice, and where it is widest; reads the whole map once.

        Returns
        -------
        dict
            ``half_width``: mean over the pixels where it is not 0, null where a slice has none; ``widest``: the
            place of the largest mean of 3x3 pixels, null where no interval is known; ``worst``: the slice where most
            checks fail, then the one with the largest mean half-width; null where neither says anything.
        """
        if self._profile is None:
            means: list[float | None] = []
            widest: Extreme | None = None
            for index in range(self.shape[0]):
                time.sleep(_YIELD_S)  # slices that a reader waits for go first
                if self._closed:
                    raise UnreadableInput(f"{self.case.folder}: was closed while it was read")
                values = self.read(HALF_WIDTH, index) if HALF_WIDTH in self._planes else None
                means.append(None if values is None else _mean(values))
                place = None if values is None else _widest(values)
                if place is not None and (widest is None or place[2] > widest.value):
                    widest = Extreme(index, *place)
            self._profile = {
                "half_width": means,
                "widest": None if widest is None else widest.__dict__,
                "worst": self._worst(means),
            }
        return self._profile

    def profile_when_read(self) -> dict[str, Any] | None:
        """The same, read by a thread of its own; None until it is there.

        Raises
        ------
        UnreadableInput
            When a part of the map can't be read.
        """
        with self._mutex:
            if self._reading is None:
                self._reading = threading.Thread(target=self._read_profile, name="profile", daemon=True)
                self._reading.start()
        if self._unread is not None:
            raise self._unread
        return self._profile

    def _read_profile(self) -> None:
        try:
            self.profile()
        except ReconError as error:
            self._unread = error

    def close(self) -> None:
        """Let go of files."""
        self._closed = True
        for stack in self._planes.values():
            stack.close()

    def _typical(self, plane: str) -> FloatImage | None:
        """A slice to choose a window by; of a damaged volume there may be none, and the page says so by itself."""
        try:
            return self.read(plane, self.first)
        except UnreadableInput:
            return None

    def _worst(self, means: list[float | None]) -> int | None:
        failing = failing_slices(self.case)
        count = {index: sum(index in places for places in failing.values()) for index in range(self.shape[0])}
        ranked = [(count[index], mean or 0.0, -index) for index, mean in enumerate(means)]
        most, mean, place = max(ranked)
        return -place if most or mean else None

    def _opened(self, name: str) -> Stack:
        folder, slices = self.case.folder, self.case.slices
        compressed = folder / f"{name}.nii.gz"
        if compressed.exists():
            return NiftiStack(compressed, slices, last_axis=(folder / "image.h5").exists())
        if (folder / name).is_dir():
            return DicomStack(folder / name, slices)
        if (folder / f"{name}.dcm").exists():
            return MapStack(folder / f"{name}.dcm", self.shape[0])
        raise UnreadableInput(f"{folder}: holds no {name}.nii.gz and no folder {name} of DICOM files")


def failing_slices(case: Case) -> dict[str, list[int]]:
    """Of each check the slices where it does not hold, as far as the report says."""
    found = (case.report.get("slices") or {}).get("failing")
    if not isinstance(found, dict):
        return {}
    return {str(name): [int(place) for place in places] for name, places in found.items() if isinstance(places, list)}


class OpenImages:
    """The cases that were looked at last stay open.

    Parameters
    ----------
    most
        How many.
    """

    def __init__(self, most: int = _MOST_OPEN) -> None:
        self._most, self._mutex = most, threading.Lock()
        self._open: OrderedDict[tuple[Path, str], CaseImages] = OrderedDict()

    def of(self, case: Case) -> CaseImages:
        """The images of a case; opened anew when its report has changed."""
        key = (case.folder, case.report_sha256)
        with self._mutex:
            found = self._open.pop(key, None) or CaseImages(case)
            self._open[key] = found
            while len(self._open) > self._most:
                self._open.popitem(last=False)[1].close()
        return found


def _mean(values: FloatImage) -> float | None:
    there = values[np.isfinite(values) & (values > 0)]
    return float(there.mean()) if there.size else None


def _widest(values: FloatImage) -> tuple[int, int, float] | None:
    """Row, column and value of the largest mean of 3x3 pixels: one pixel alone is most often noise."""
    if min(values.shape) < 3:
        return None
    known = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    across = known[:, :-2] + known[:, 1:-1] + known[:, 2:]
    mean = (across[:-2] + across[1:-1] + across[2:]) / 9
    row, column = np.unravel_index(int(np.argmax(mean)), mean.shape)
    value = float(mean[row, column])
    return (int(row) + 1, int(column) + 1, value) if value > 0 else None
