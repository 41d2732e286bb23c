"""Slices of a Parametric Map that recon wrote: one file, float pixels, of some of the slices."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom

from recon.doors.view.stack import Layout, Stack
from recon.errors import UnreadableInput
from recon.volumes import FloatImage


class MapStack(Stack):
    """A map in the grid of the image beside it.

    Parameters
    ----------
    path
        Of the file.
    slices
        How many the image has.

    Raises
    ------
    UnreadableInput
        When it is damaged, or no such map.
    """

    def __init__(self, path: Path, slices: int) -> None:
        try:
            map_ = pydicom.dcmread(path)
            frames = map_.pixel_array.reshape(-1, int(map_.Rows), int(map_.Columns))
            groups = map_.PerFrameFunctionalGroupsSequence
            numbers = [int(item.FrameContentSequence[0].InStackPositionNumber) - 1 for item in groups]
            padding = map_.get("FloatPixelPaddingValue")
        except Exception as error:  # pydicom raises whatever it likes on damaged files
            words = (str(error).splitlines() or [type(error).__name__])[0]
            raise UnreadableInput(f"{path}: damaged or no map of recon ({words})") from error
        self._frames, self._padding = dict(zip(numbers, frames, strict=True)), padding
        self.shape = (slices, frames.shape[1], frames.shape[2])
        self.layout = Layout()

    def read(self, index: int) -> FloatImage | None:
        """One slice, NaN where nothing is known; None where the map has none."""
        frame = self._frames.get(index)
        if frame is None:
            return None
        return np.asarray(frame if self._padding is None else np.where(frame == self._padding, np.nan, frame), "f4")
