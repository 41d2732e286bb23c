"""Anatomies made for the tests, to be scanned."""

from __future__ import annotations

import nibabel as nib
import numpy as np
import pytest

from recon.training.mr.anatomy import MrSource, load
from recon.volumes import Geometry, Unit, Volume
from tests.conftest import head


@pytest.fixture(scope="session")
def volumes(tmp_path_factory):
    """A head of shells and blobs as a NIfTI file, read as a recipe's source is."""
    x, y, z = np.mgrid[-1:1:60j, -1:1:70j, -1:1:56j]
    radius = np.sqrt((x / 0.75) ** 2 + (y / 0.85) ** 2 + (z / 0.9) ** 2)
    head = (radius < 1) * (0.6 + 0.3 * np.sin(8 * x) * np.cos(7 * y) * np.cos(6 * z)) + (abs(radius - 0.93) < 0.05)
    folder = tmp_path_factory.mktemp("data")
    nib.save(nib.Nifti1Image((1000 * head).astype(np.int16), np.diag([3.2, 3.0, 3.4, 1.0])), folder / "head.nii.gz")
    return load([MrSource(name="head", path="head.nii.gz")], [folder])


@pytest.fixture(scope="session")
def trunk(tmp_path_factory):
    """A slab of CT: muscle within fat within air, a couch below."""
    x, y, _ = np.mgrid[-1:1:150j, -1:1:120j, 0:1:12j]
    radius = np.hypot(x / 0.8, y / 0.7)
    hounsfield = np.where(radius < 0.8, 55.0, np.where(radius < 1, -105.0, -1000.0))
    hounsfield[:, :6] = 100.0
    folder = tmp_path_factory.mktemp("ct")
    nib.save(nib.Nifti1Image(hounsfield.astype(np.int16), np.diag([2.6, 2.6, 2.0, 1.0])), folder / "trunk.nii.gz")
    source = MrSource(name="trunk", path="trunk.nii.gz", form="body", hounsfield=True)
    return load([source], [folder])


@pytest.fixture
def anatomy():
    affine = np.eye(4)
    affine[:3, :3] = np.diag([1.5, 2.0, 4.0])
    affine[:3, 3] = (-50, -60, 10)
    values = np.stack([head((64, 80)), head((64, 80))[::-1]])
    return Volume(values.astype(np.float32), Geometry(affine), Unit.ARBITRARY)
