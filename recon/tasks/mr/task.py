"""What the rest of the house knows of MR."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from recon.errors import InvalidRequest
from recon.tasks.archive import ArchivedScan, Claim
from recon.tasks.base import Input, LookedAt, ModelFacts, Session, Task
from recon.tasks.job import Found
from recon.tasks.mr.choice import choose, first_slice
from recon.tasks.mr.header import SeriesFacts, series_facts
from recon.tasks.mr.options import MrOptions
from recon.tasks.mr.series import MrSeries
from recon.tasks.mr.session import MrSession
from recon.tasks.mr.slices import takes
from recon.tasks.sample import Extent, Sample
from recon.tasks.series import Series
from recon.v1 import mr_pb2
from recon.values.content import Content
from recon.values.readouts import KSpace
from recon.wire.messages import geometry_from_message


class MrTask(Task):
    """Images from k-space."""

    name = "mr"
    method = mr_pb2.DESCRIPTOR.services_by_name["MrService"].methods_by_name["Reconstruct"]
    summary = (
        "Reconstruct images from k-space; writes image, uncertainty, report.json and preview.png for every series."
    )
    noun = "k-space"
    inputs = (Input("inputs", "k-space: fastMRI or ISMRMRD HDF5 files, or folders.", many=True),)
    options = MrOptions
    needed = MappingProxyType({"sampling": "what another mask leaves out looks like change"})

    def open(self, header: Any, model: ModelFacts) -> Session:
        """Check the header and begin."""
        column_mm, row_mm, _ = geometry_from_message(header.geometry).spacing
        facts = replace(series_facts(header), spacing_mm=(row_mm, column_mm))
        _require_trained_shape(facts, model)
        curved = model.parameters.get("trajectory_methods", model.name if "trajectory" in takes(model) else "")
        if facts.kind != "cartesian" and model.name not in curved.split(","):
            raise InvalidRequest(
                f"{model.name} takes Cartesian k-space, the trajectory is {facts.kind}; use sense or zero-filled",
                field="trajectory",
            )
        return MrSession(header.series_name, facts, model)

    def suits(self, header: Any, models: Sequence[ModelFacts], begun: Sequence[Any]) -> tuple[str, str] | None:
        """The model for what was measured of the first slice, and why; not known before that is whole."""
        sampling = first_slice(series_facts(header), begun)
        return None if sampling is None else choose(sampling, models)

    def series(self, *inputs: Any, name: str, model: str, model_version: str, **options: Any) -> Series:
        """Of one stack of k-space, which is read slice by slice as it is sent."""
        kspace: KSpace
        (kspace,) = inputs
        return MrSeries(kspace, name, model, model_version, **options)

    def find(self, given: Mapping[str, Sequence[Path]], looked_at: LookedAt = None) -> Iterator[Found]:
        """Stacks of slices of raw data files."""
        from recon.tasks.mr.inputs import find

        return find(given["inputs"])

    def claim(self, scan: ArchivedScan) -> Claim:
        """Every file of raw data."""
        return Claim(True, f"k-space ({scan.detail})") if scan.content is Content.KSPACE else Claim()

    def recalled(self, image_type: str, derivation: str) -> Mapping[str, Any] | None:
        """Of reconstructed images nothing: their headers do not know the mask."""
        from recon.io.dicom.write.reconstructed import RECONSTRUCTED

        return {} if image_type == RECONSTRUCTED else None

    def sample(self, item: int, slices: int, extent: Extent = Extent()) -> Sample:
        """Input for a benchmark."""
        from recon.tasks.mr.sample import sample

        return sample(item, slices, extent)


def _require_trained_shape(facts: SeriesFacts, model: ModelFacts) -> None:
    """A learned transform takes raw data of one shape, which its configuration names."""
    if "encoding" not in model.parameters:
        return
    _, coils, samples, lines, _ = (int(side) for side in model.parameters["warm_shape"].split(","))
    if (facts.coils, facts.samples, facts.lines) != (coils, samples, lines):
        raise InvalidRequest(
            f"{model.name} takes {coils} coil with {samples} samples and {lines} readouts a slice, not {facts.coils} "
            f"with {facts.samples} and {facts.lines}; use another model",
            field="model",
        )
    if facts.kind == "cartesian":  # a finer image is made of the network's
        return
    from recon.physics.encoding import NAMES, SIDE

    if model.parameters["encoding"] in NAMES and facts.matrix != (SIDE, SIDE):
        raise InvalidRequest(
            f"{model.name} makes images of {SIDE} x {SIDE} pixels, not {facts.matrix[0]} x {facts.matrix[1]}; set rows "
            "and columns, or use another model",
            field="rows",
        )


TASK = MrTask()
