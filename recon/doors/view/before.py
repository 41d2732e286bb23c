"""What a result was made from, slice by slice beside it; where the input is gone, why nothing is shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from recon.doors.view.case import Case
from recon.doors.view.dicom_stack import DicomStack, SourceStack
from recon.doors.view.nifti_stack import NiftiStack
from recon.doors.view.stack import Stack
from recon.errors import ReconError
from recon.io.nifti import is_nifti
from recon.tasks.job import Job, Loaded
from recon.tasks.registry import task_of
from recon.volumes import FloatImage

#: A scan that was reconstructed across its readout is laid out otherwise, and then correlates with nothing.
_SAME_OBJECT = 0.5


class NoBefore(Exception):
    """Nothing to show beside a result, and why, in words for the reader."""


def before(case: Case, result: Stack) -> tuple[Stack, str]:
    """The images before and what to call them.

    Raises
    ------
    NoBefore
        When the input is not there any more, or can't be laid beside the result.
    """
    there = [path for path in case.inputs if path.exists()]
    if not there:
        named = ", ".join(str(path) for path in case.inputs) or "the input"
        raise NoBefore(f"{named} is no longer there, so nothing can be shown before")
    if isinstance(result, DicomStack):
        found: Stack = SourceStack(result, there)
        middle = min(result.files, key=lambda index: abs(index - result.shape[0] // 2))
        if found.read(middle) is None:
            raise NoBefore(f"no original of this series is found in {', '.join(map(str, there))}")
        return found, "before"
    last = there[-1]
    if is_nifti(last):
        return _nifti(there, result)
    return _zero_filled(case, last, result), "zero-filled"


def _nifti(paths: list[Path], result: Stack) -> tuple[Stack, str]:
    """Of a pair the later scan where it lies in the same matrix, otherwise the earlier one."""
    for path in reversed(paths):
        if not is_nifti(path):
            continue
        try:
            found = NiftiStack(path, result.shape[0])
        except ReconError:
            continue
        same_place = found.affine is None or result.affine is None or np.allclose(found.affine, result.affine, atol=0.1)
        if found.shape == result.shape and same_place:
            return found, "before" if len(paths) == 1 else ("reduced dose" if path == paths[-1] else "before contrast")
        found.close()
    raise NoBefore(f"{paths[-1]} does not lie in the matrix of the result")


def _zero_filled(case: Case, path: Path, result: Stack) -> Stack:
    try:
        task = task_of(case.task)
        found_here = task.jobs_of_scan(case.folder.name, {task.inputs[0].name: [path]})
        jobs = [item for item in found_here if isinstance(item, Job)]
        job = next((job for job in jobs if job.name == case.folder.name), jobs[0] if len(jobs) == 1 else None)
        if job is None:
            raise NoBefore(f"{path}: which of its series this result was made from can't be told")
        found = _ZeroFilledStack(job.load(), result)
        shown = found.read(result.shape[0] // 2)
    except ReconError as error:
        raise NoBefore(error.problem) from error
    if shown is None:
        raise NoBefore("the samples lie on no grid of the result, so there is no zero-filled image")
    after = result.read(result.shape[0] // 2)
    if after is None or _correlation(shown, after) < _SAME_OBJECT:
        raise NoBefore(f"{path}: its zero-filled image does not lie as the result does")
    return found


def _correlation(one: FloatImage, other: FloatImage) -> float:
    return float(np.corrcoef(np.nan_to_num(one).ravel(), np.nan_to_num(other).ravel())[0, 1])


class _ZeroFilledStack(Stack):
    """The samples of a scan with zeros for those that were not measured, as bright as the result."""

    def __init__(self, loaded: Loaded[Any], result: Stack) -> None:
        self._loaded, self._result = loaded, result
        self.shape, self.layout, self.affine = result.shape, result.layout, result.affine

    def read(self, index: int) -> FloatImage | None:
        values, after = self._loaded.before(index), self._result.read(index)
        if values is None or after is None:
            return None
        # the file's axes are x, y, slice; the image's are y, x
        values = self.layout.turned(values if self.layout.axes[1] > self.layout.axes[2] else values.T)
        if values.shape != after.shape:
            return None
        there = np.isfinite(after)
        size = float((values[there] * values[there]).sum())
        return values * np.float32((values[there] * after[there]).sum() / size if size else 1.0)
