"""What the rest of the house knows of CT."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from recon.tasks.archive import ArchivedScan, Claim
from recon.tasks.base import Input, LookedAt, ModelFacts, Session, SliceWork, Task
from recon.tasks.ct.options import CtOptions
from recon.tasks.ct.series import CtSeries
from recon.tasks.ct.session import CtSession, probe
from recon.tasks.job import Found
from recon.tasks.sample import Extent, Sample
from recon.tasks.series import Series
from recon.v1 import ct_pb2
from recon.volumes import Unit, Volume


class CtTask(Task):
    """Denoises a series slice by slice."""

    name = "ct"
    method = ct_pb2.DESCRIPTOR.services_by_name["CtService"].methods_by_name["Denoise"]
    summary = "Denoise low-dose CT; writes image, uncertainty, report.json and preview.png for every series."
    noun = "CT series"
    inputs = (Input("inputs", "DICOM files or folders, or NIfTI files in HU.", many=True),)
    options = CtOptions
    unit = Unit.HU

    def open(self, header: ct_pb2.CtHeader, model: ModelFacts) -> Session:
        """Check the header and begin."""
        return CtSession(header, model)

    def probe(self, model: ModelFacts) -> SliceWork:
        """A slice of 512x512 pixels."""
        return probe(model)

    def series(self, *inputs: Any, name: str, model: str, model_version: str, **options: Any) -> Series:
        """Of one volume in HU; options ``strength``, ``probes`` and ``least``, as :class:`CtSeries` has them."""
        volume: Volume
        (volume,) = inputs
        return CtSeries(volume, name, model, model_version, **options)

    def find(self, given: Mapping[str, Sequence[Path]], looked_at: LookedAt = None) -> Iterator[Found]:
        """DICOM series and NIfTI volumes."""
        from recon.tasks.ct.inputs import find

        return find(given["inputs"], looked_at)

    def jobs_of_scan(self, name: str, files: Mapping[str, Sequence[Path]]) -> Iterator[Found]:
        """One series, or one for each of its passes."""
        from recon.tasks.ct.inputs import jobs_of_scan

        return jobs_of_scan(name, files["inputs"])

    def claim(self, scan: ArchivedScan) -> Claim:
        """CT series, and volumes whose values can be HU."""
        from recon.tasks.ct.archive import claim

        return claim(scan)

    def recalled(self, image_type: str, derivation: str) -> Mapping[str, Any] | None:
        """The strength of denoised images."""
        from recon.io.dicom.write.denoised import DENOISED
        from recon.io.dicom.write.derive import strength_in

        return {"strength": strength_in(derivation)} if image_type == DENOISED else None

    def sample(self, item: int, slices: int, extent: Extent = Extent()) -> Sample:
        """Input for a benchmark."""
        from recon.tasks.ct.sample import sample

        return sample(item, slices, extent)


TASK = CtTask()
