"""Two scans, before contrast and after a reduced dose, as a stream of chunks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from recon.errors import InvalidRequest
from recon.quality.strength import AUTO
from recon.quality.survival import Least
from recon.tasks.probe import Probes, probes_to_message
from recon.tasks.series import Series
from recon.v1 import common_pb2, contrast_pb2
from recon.values.result import ModelIdentity
from recon.volumes import Volume
from recon.wire.chunk_message import chunk_messages
from recon.wire.messages import geometry_to_message, least_to_message


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
    strength
        Share of the network's result, 0 to 1, the rest being the smoothed difference of the scans; or ``auto``: the
        most at which ``least`` holds.
    probes
        On which slices known lesions are added: ``off``, ``few`` or ``all``.
    least
        What must be kept of which lesion.
    survival
        Whether a map of what it keeps is wanted, of the slices that are probed.

    Raises
    ------
    InvalidRequest
        When strength or probes are none of those.
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
        strength: float | str = 1.0,
        probes: str = Probes.FEW,
        least: Least | None = None,
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
            required=None if least is None else least_to_message(least),
            survival=survival,
        )
        if strength == AUTO:
            self._header.auto_strength.SetInParent()
        elif isinstance(strength, str):
            raise InvalidRequest(f"strength is {strength!r}; a number or {AUTO}", field="strength")
        else:
            self._header.strength = strength

    def messages(self, offset: int = 0, model: ModelIdentity | None = None) -> Iterator[Any]:
        """Header and all slices of both scans."""
        header = contrast_pb2.ContrastHeader()
        header.CopyFrom(self._header)
        if model is not None and model.strength is not None:  # a stream that begins again blends as the one before
            header.strength = model.strength.strength
            header.model, header.model_version = model.name, model.version
        yield contrast_pb2.SynthesizeRequest(header=header)
        for name, volume in (("pre", self._pre), ("low", self._low)):
            for index, plane in enumerate(volume.values):
                yield from chunk_messages(
                    contrast_pb2.SynthesizeRequest, index, plane.astype("<f4", copy=False), name=name
                )
