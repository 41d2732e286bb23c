"""What the tasks tell of a scan, so that a later one can be held against it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest

from recon.quality.interval import calibrated
from recon.quality.strength import ChosenStrength
from recon.quality.survival import Lesion, Survival
from recon.tasks.job import Job
from recon.tasks.mr.sampling import mask_record
from recon.tasks.registry import task_of
from recon.values.result import ModelIdentity


def _known(task: str, path: Path, **options: Any) -> dict[str, Any]:
    found = task_of(task)
    (job,) = [one for one in found.find({found.inputs[0].name: [path]}) if isinstance(one, Job)]
    return job.load().comparability(found.options(**options))


def test_ct_tells_strength_spacing_and_the_scanner(real_ct: Path) -> None:
    known = _known("ct", real_ct, strength=0.5)
    assert known["strength"] == 0.5
    assert len(known["spacing_mm"]) == 3
    assert known["scanner"]["KVP"] == 120.0
    assert known["scanner"]["Manufacturer"].startswith("GE")


def test_contrast_tells_strength_dose_and_spacing(tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(1, 900, (7, 12, 10)).astype(np.int16)
    files = {name: tmp_path / f"{name}.nii.gz" for name in ("pre", "low")}
    for path in files.values():
        nib.save(nib.Nifti1Image(values.T, np.diag([1.1, 0.9, 1.2, 1])), path)
    task = task_of("contrast")
    (job,) = task.find({name: [path] for name, path in files.items()})
    assert isinstance(job, Job)
    loaded = job.load()
    options = task.options(strength="auto", dose_fraction=0.2)  # type: ignore[call-arg]
    full = Survival(Lesion(5, 50, "%"), 0.5, 0.4, 0.6, 9)
    chosen = ModelIdentity("m", "1", "ab", "0", calibrated(1.0), strength=ChosenStrength(0.4, "why", full))
    known = loaded.comparability(loaded.settled(options, chosen))
    assert (known["strength"], known["dose_fraction"]) == (0.4, 0.2)
    assert known["spacing_mm"] == pytest.approx([1.1, 0.9, 1.2])


def test_masks_of_one_acceleration_with_another_offset_are_told_apart() -> None:
    """Lines first, as readouts keep them."""
    masks = []
    for start in (0, 2):
        mask = np.zeros((64, 32), bool)
        mask[start::4] = True
        masks.append(mask_record(mask))
    assert masks[0]["acceleration"] == masks[1]["acceleration"] == 4.0
    assert masks[0]["mask"] != masks[1]["mask"]
    assert (masks[0]["first_line"], masks[1]["first_line"]) == (0, 2)
