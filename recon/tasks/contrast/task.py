"""What the rest of the house knows of contrast."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from recon.tasks.archive import ArchivedScan, Claim
from recon.tasks.base import Input, LookedAt, ModelFacts, Session, Task
from recon.tasks.contrast.archive import claim, half_of
from recon.tasks.contrast.options import ContrastOptions
from recon.tasks.contrast.series import ContrastSeries
from recon.tasks.contrast.session import ContrastSession
from recon.tasks.job import Found
from recon.tasks.sample import Extent, Sample
from recon.tasks.series import Series
from recon.v1 import contrast_pb2
from recon.volumes import Volume


class ContrastTask(Task):
    """Synthesises the full-dose scan of a series."""

    name = "contrast"
    method = contrast_pb2.DESCRIPTOR.services_by_name["ContrastService"].methods_by_name["Synthesize"]
    summary = "Synthesise the full-dose contrast image; writes image, uncertainty, detectability, report and preview."
    noun = "pair of scans"
    inputs = (
        Input("pre", "T1 scan before contrast: NIfTI, DICOM file or folder."),
        Input("low", "The same scan after the reduced dose."),
    )
    options = ContrastOptions
    slice_by_slice = False
    together = "a scan before contrast agent and one after a low dose of it"

    def open(self, header: contrast_pb2.ContrastHeader, model: ModelFacts) -> Session:
        """Check the header and begin."""
        return ContrastSession(header, model)

    def series(self, *inputs: Any, name: str, model: str, model_version: str, **options: Any) -> Series:
        """Of the scans before contrast and after the reduced dose; option ``dose_fraction``, 0.05 to 0.5."""
        pre: Volume
        low: Volume
        pre, low = inputs
        return ContrastSeries(pre, low, name, model, model_version, **options)

    def find(self, given: Mapping[str, Sequence[Path]], looked_at: LookedAt = None) -> Iterator[Found]:
        """The one job of two scans."""
        from recon.tasks.contrast.inputs import find

        return find(given["pre"], given["low"])

    def claim(self, scan: ArchivedScan) -> Claim:
        """Never a scan by itself."""
        return claim(scan)

    def half_of(self, text: str, modality: str) -> tuple[str, str]:
        """MR series and volumes whose names say ``pre`` or ``low``."""
        return half_of(text) if modality in ("", "MR") else ("", "")

    def recalled(self, image_type: str, derivation: str) -> Mapping[str, Any] | None:
        """Dose and strength of synthesised images."""
        from recon.io.dicom.write.derive import strength_in
        from recon.io.dicom.write.synthesised import SYNTHESISED, dose_in

        if image_type != SYNTHESISED:
            return None
        return {"dose_fraction": dose_in(derivation), "strength": strength_in(derivation)}

    def sample(self, item: int, slices: int, extent: Extent = Extent()) -> Sample:
        """Input for a benchmark."""
        from recon.tasks.contrast.sample import sample

        return sample(item, slices, extent)


TASK = ContrastTask()
