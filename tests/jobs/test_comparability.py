"""What the tasks tell of a scan, so that a later one can be held against it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest

from recon.errors import UnusableData
from recon.io.kspace.series import KSpaceSeries
from recon.quality.interval import calibrated
from recon.quality.strength import ChosenStrength
from recon.quality.survival import Lesion, Survival
from recon.tasks.job import Job
from recon.tasks.mr.inputs import MrJob
from recon.tasks.mr.options import MrOptions
from recon.tasks.mr.sampling import mask_record
from recon.tasks.registry import task_of
from recon.values.readouts import KSpace, Readouts
from recon.values.result import ModelIdentity
from recon.volumes import Geometry


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


def _sampling(*slices: Readouts) -> dict[str, Any] | None:
    lines, coils, samples = slices[0].samples.shape
    kind = "cartesian" if slices[0].trajectory is None else "radial"
    geometry = Geometry.from_spacing(1, 1, 4)
    kspace = KSpace(len(slices), coils, samples, lines, geometry, slices.__getitem__, (32, 32), 0.0, kind)
    loaded = MrJob("a", "a", [], KSpaceSeries("", kspace, geometry, (32, 32), True)).load()
    series = loaded.series(MrOptions())
    assert len(list(series.messages())) > len(slices)  # as they are sent
    known: dict[str, Any] | None = loaded.comparability(MrOptions()).get("sampling")
    again = MrJob("a", "a", [], KSpaceSeries("", kspace, geometry, (32, 32), True)).load()
    assert again.comparability(MrOptions()).get("sampling") == known
    return known


def test_radial_scans_of_other_angles_and_stacks_with_other_slices_are_told_apart() -> None:
    def along(first: float, spokes: int = 20) -> Readouts:
        angles = first + np.pi * np.arange(spokes) / spokes
        path = ((np.arange(32) - 16) / 32)[:, None] * np.stack([np.cos(angles), np.sin(angles)], -1)[:, None]
        return Readouts(
            np.ones((spokes, 1, 32), np.complex64), np.ones((spokes, 32), np.uint16), path.astype(np.float32)
        )

    def every(lines: int, start: int) -> Readouts:
        counts = np.zeros((32, 32), np.uint16)
        counts[start::lines] = 1
        return Readouts(np.ones((32, 1, 32), np.complex64) * counts[:, None], counts)

    assert _sampling(along(0)) == _sampling(along(0))
    assert _sampling(along(0)) != _sampling(along(0.1))
    assert _sampling(every(2, 0), every(2, 0)) == _sampling(every(2, 0)) == mask_record(every(2, 0).mask)
    assert _sampling(every(2, 0), every(2, 1)) != _sampling(every(2, 0), every(2, 0))


def test_of_a_stack_with_a_slice_that_can_not_be_read_the_sampling_is_not_known() -> None:
    def broken(index: int) -> Readouts:
        raise UnusableData(f"slice {index} is zero everywhere")

    geometry = Geometry.from_spacing(1, 1, 4)
    kspace = KSpace(1, 1, 32, 32, geometry, broken)
    loaded = MrJob("a", "a", [], KSpaceSeries("", kspace, geometry, (32, 32), True)).load()
    assert "sampling" not in loaded.comparability(MrOptions())
