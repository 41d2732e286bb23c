"""What the tasks tell of a scan, so that a later one can be held against it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from recon.tasks.job import Job
from recon.tasks.mr.sampling import mask_record
from recon.tasks.registry import task_of


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
