"""Two scans, before contrast and after a reduced dose, as a stream of chunks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from recon.tasks.probe import Probes, probes_to_message
from recon.tasks.series import Series
from recon.v1 import common_pb2, contrast_pb2
from recon.values.result import ModelIdentity
from recon.volumes import Volume
from recon.wire.chunk_message import chunk_messages
from recon.wire.messages import geometry_to_message


class ContrastSeries(Series):
    """Both scans whole, since they are aligned first; an interrupted stream begins again.

    Parameters
    ----------
    pre, low
        The two scans, each in its own geometry.
    name, model, version
        Of the header.
    dose_fraction
        Dose given over the full dose.
    probes
        On which slices known lesions are added: ``off``, ``few`` or ``all``.
    survival
        Whether a map of what they keep is wanted, of the slices that are probed.
    """

    resumable = False

    def __init__(
        self,
        pre: Volume,
        low: Volume,
        name: str = "",
        model: str = "",
        version: str = "",
        *,
        dose_fraction: float = 0.1,
        probes: str = Probes.FEW,
        survival: bool = False,
    ) -> None:
        self._pre, self._low = pre, low
        self.slices, rows, columns = pre.shape
        low_slices, low_rows, low_columns = low.shape
        self._header = contrast_pb2.ContrastHeader(
            series_name=name,
            rows=rows,
            columns=columns,
            slices=self.slices,
            geometry=geometry_to_message(pre.geometry),
            low_rows=low_rows,
            low_columns=low_columns,
            low_slices=low_slices,
            low_geometry=geometry_to_message(low.geometry),
            sample_type=common_pb2.SAMPLE_TYPE_FLOAT32,
            dose_fraction=dose_fraction,
            model=model,
            model_version=version,
            probes=probes_to_message(probes),
            survival=survival,
        )

    def messages(self, offset: int = 0, model: ModelIdentity | None = None) -> Iterator[Any]:
        """Header and all slices of both scans."""
        header = contrast_pb2.ContrastHeader()
        header.CopyFrom(self._header)
        yield contrast_pb2.SynthesizeRequest(header=header)
        for name, volume in (("pre", self._pre), ("low", self._low)):
            for index, plane in enumerate(volume.values):
                yield from chunk_messages(
                    contrast_pb2.SynthesizeRequest, index, plane.astype("<f4", copy=False), name=name
                )
