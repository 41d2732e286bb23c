"""Slices of a NIfTI file; a compressed one can be looked at while the rest is still being unpacked."""

from __future__ import annotations

import os
import tempfile
import threading
import zlib
from pathlib import Path
from typing import BinaryIO

import nibabel as nib
import numpy as np
import numpy.typing as npt

from recon.doors.view.stack import Layout, Stack, layout_of, shown_affine
from recon.errors import UnreadableInput
from recon.volumes import FloatImage

_CHUNK = 1 << 20
_MOST_BYTES = 1 << 34
_SLOW_S = 120.0


class NiftiStack(Stack):
    """A volume on disk.

    Parameters
    ----------
    path
        ``.nii`` or ``.nii.gz``.
    slices
        How many slices there should be, which tells the axis they are counted along.
    last_axis
        Whether that is the file's last axis in any case, as of images from k-space.

    Raises
    ------
    UnreadableInput
        When the header can't be used.
    """

    def __init__(self, path: Path, slices: int | None = None, *, last_axis: bool = False) -> None:
        self.path = path
        try:
            image = nib.load(path)
            header = image.header
            shape = tuple(int(side) for side in image.shape)
            while len(shape) > 3 and shape[-1] == 1:
                shape = shape[:-1]
            shape = (*shape, 1) if len(shape) == 2 else shape
            self._dtype, offset = header.get_data_dtype(), int(image.dataobj.offset)
            slope, intercept = image.dataobj.slope, image.dataobj.inter
        except Exception as error:  # nibabel and zlib raise whatever they like on damaged files
            raise UnreadableInput(f"{path}: damaged or no NIfTI file ({_first_line(error)})") from error
        size = int(np.prod(shape, dtype=np.float64)) * self._dtype.itemsize
        if len(shape) != 3 or min(shape) < 1 or self._dtype.kind not in "iuf" or size > _MOST_BYTES:
            raise UnreadableInput(f"{path}: {shape} voxels of {self._dtype} can't be shown")
        self._slope, self._intercept = float(slope or 1.0), float(intercept or 0.0)
        affine = np.asarray(image.affine, np.float64) if header["sform_code"] or header["qform_code"] else None
        axis = 2 if last_axis else _slice_axis(affine, shape, slices)
        self.layout: Layout = layout_of(affine, shape, axis)
        slices_axis, rows, columns = self.layout.axes
        self.shape = shape[slices_axis], shape[rows], shape[columns]
        self.affine = None if affine is None else shown_affine(affine, self.layout, self.shape)
        self._bytes = _Unpacked(path, offset, size) if path.name.lower().endswith(".gz") else None
        self._slice_bytes = size // shape[axis] if axis == 2 else 0
        self._size = size
        if self._bytes is None and path.stat().st_size < offset + size:
            raise UnreadableInput(f"{path}: damaged: it ends before its last slice")
        self._voxels: npt.NDArray[np.generic] = np.memmap(
            self._bytes.file if self._bytes else path, self._dtype, "r", 0 if self._bytes else offset, shape, "F"
        )

    def read(self, index: int) -> FloatImage | None:
        """One slice; waits until it is unpacked."""
        if not 0 <= index < self.shape[0]:
            return None
        if self._bytes is not None:
            self._bytes.wait((index + 1) * self._slice_bytes or self._size)
        slices, rows, columns = self.layout.axes
        plane = np.take(self._voxels, index, axis=slices)
        plane = plane if rows < columns else plane.T
        values = self.layout.turned(plane)
        if self._slope != 1.0 or self._intercept != 0.0:
            values = values * np.float32(self._slope) + np.float32(self._intercept)
        return values if np.isfinite(values).any() else None

    def close(self) -> None:
        """Stop unpacking, let go of the copy."""
        if self._bytes is not None:
            self._bytes.close()


class _Unpacked:
    """The samples of a compressed file in an unnamed temporary file, filled from the front by a thread."""

    def __init__(self, path: Path, offset: int, size: int) -> None:
        self._path, self._offset, self._size = path, offset, size
        self._there, self._trouble, self._stopped, self._filled = 0, "", False, False
        self._news = threading.Condition()
        self.file: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115 - held open, and gone with the process
        os.truncate(self.file.fileno(), size)
        threading.Thread(target=self._fill, name=f"unpack {path.name}", daemon=True).start()

    def wait(self, needed: int) -> None:
        """Until that many bytes are there."""
        with self._news:
            self._news.wait_for(lambda: self._there >= needed or self._trouble or self._stopped, _SLOW_S)
            if self._there < needed:
                raise UnreadableInput(f"{self._path}: {self._trouble or 'takes too long to unpack'}")

    def close(self) -> None:
        """Stop filling; the file goes when nobody writes into it any more."""
        with self._news:
            self._stopped = True
            self._news.notify_all()
            if self._filled:
                self.file.close()

    def _fill(self) -> None:
        trouble = "damaged: it ends before its last slice"
        try:
            with self._path.open("rb") as packed:
                unpack, left_out = zlib.decompressobj(zlib.MAX_WBITS | 16), self._offset
                while not self._stopped and self._there < self._size:
                    chunk = unpack.unconsumed_tail or packed.read(_CHUNK)
                    if not chunk:
                        break
                    data = unpack.decompress(chunk, 4 * _CHUNK)
                    skipped = min(left_out, len(data))
                    left_out -= skipped
                    self._put(data[skipped:])
        except (OSError, zlib.error) as error:
            trouble = f"damaged ({_first_line(error)})"
        with self._news:
            self._trouble = "" if self._there >= self._size else trouble
            self._filled = True
            self._news.notify_all()
            if self._stopped:
                self.file.close()

    def _put(self, data: bytes) -> None:
        data = data[: self._size - self._there]
        os.pwrite(self.file.fileno(), data, self._there)
        with self._news:
            self._there += len(data)
            self._news.notify_all()


def _slice_axis(affine: npt.NDArray[np.float64] | None, shape: tuple[int, ...], slices: int | None) -> int:
    """Along the body, as the tasks count them, unless only another axis has that many slices."""
    along = 2
    if affine is not None:
        codes = nib.aff2axcodes(affine)
        along = next((axis for axis in range(3) if codes[axis] in ("S", "I")), 2)
    if slices is None or shape[along] == slices:
        return along
    return next((axis for axis in (2, 1, 0) if shape[axis] == slices), along)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
