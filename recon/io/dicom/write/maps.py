"""The maps that recon makes: half-widths of an interval in HU, and what is kept of a known lesion."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from pydicom.sr.codedict import codes
from pydicom.uid import generate_uid

from recon.io.dicom.read.records import SliceSource
from recon.io.dicom.write.denoised import uncertainty_series
from recon.io.dicom.write.derive import DerivedSeries
from recon.io.dicom.write.parametric_map import HOUNSFIELD, NO_UNITS, ParametricMap, Quantity
from recon.quality.hu_plausible import PADDING_HU
from recon.volumes import FloatImage

_WIDTH = Quantity("UNCERTAINTY", "Half-width of the 90 % interval", HOUNSFIELD, ("25", "50"))
_SURVIVAL = Quantity("SURVIVAL", "Share of its contrast that a known lesion keeps", NO_UNITS, ("0.5", "1"), -1.0)


class UncertaintyMap(ParametricMap):
    """Half-widths in HU of a CT series.

    Parameters
    ----------
    model
        Name, version and checksum of the model.
    path
        Of the file.
    """

    def __init__(self, model: str, path: Path) -> None:
        shared = uncertainty_series(model)
        series = replace(shared, label="uncertainty, float", number_offset=7002, series_uid=generate_uid())
        super().__init__(series, _WIDTH, path, "CT")

    def put_width(self, values: FloatImage, hu: FloatImage, source: SliceSource, index: int) -> None:
        """Keep one frame; 0 is stored where the source ``hu`` is below -1500, since nothing changes there."""
        self.put(np.where(hu < PADDING_HU, 0, values), source, index)


class SurvivalMap(ParametricMap):
    """Share of its contrast that a known lesion keeps, of the slices where that was measured.

    Parameters
    ----------
    model
        Name, version and checksum of the model.
    path
        Of the file.
    modality
        Of the sources.
    """

    def __init__(self, model: str, path: Path, modality: str) -> None:
        words = f"{_SURVIVAL.explanation}, measured by adding lesions to this scan, model {model}."
        code = codes.cid7203.PixelByPixelSubtraction
        series = DerivedSeries("SURVIVAL", "contrast kept", 7003, words, code, model, generate_uid())
        super().__init__(series, _SURVIVAL, path, modality)
