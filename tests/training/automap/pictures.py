"""Sources of the pictures that the tests train on."""

from __future__ import annotations

from recon.training.automap.recipe import PictureSource

SOURCES = [
    PictureSource(name="head", path="head.nii.gz", kind="anatomy", every=4),
    PictureSource(name="photographs", path="photos", kind="photographs"),
]
