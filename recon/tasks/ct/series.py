"""A CT series as a stream of chunks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from recon.arrays import Array
from recon.errors import InvalidRequest
from recon.quality.strength import AUTO
from recon.quality.survival import Least
from recon.tasks.ct.probes import LEAST
from recon.tasks.probe import Probes, probes_to_message
from recon.tasks.series import Series
from recon.v1 import common_pb2, ct_pb2
from recon.values.result import ModelIdentity
from recon.volumes import Volume
from recon.wire.chunk_message import chunk_messages
from recon.wire.messages import geometry_to_message, least_to_message


class CtSeries(Series):
    """Slices in HU, sent as 16-bit integers where they are whole.

    Parameters
    ----------
    volume
        In HU.
    name, model, version
        Of the header.
    strength
        Share of the noise to remove, 0 to 1, or ``auto``: the most at which ``least`` holds; the slices that are
        probed are sent ahead then.
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

    def __init__(
        self,
        volume: Volume,
        name: str = "",
        model: str = "",
        version: str = "",
        *,
        strength: float | str = 1.0,
        probes: str = Probes.FEW,
        least: Least = LEAST,
        survival: bool = False,
    ) -> None:
        self.slices, rows, columns = volume.shape
        self._volume = volume
        whole = volume.whole_numbers
        self._dtype = np.dtype("<i2" if whole else "<f4")
        self._header = ct_pb2.CtHeader(
            series_name=name,
            rows=rows,
            columns=columns,
            slices=self.slices,
            sample_type=common_pb2.SAMPLE_TYPE_INT16 if whole else common_pb2.SAMPLE_TYPE_FLOAT32,
            unit=common_pb2.UNIT_HU,
            geometry=geometry_to_message(volume.geometry),
            model=model,
            model_version=version,
            probes=probes_to_message(probes),
            required=least_to_message(least),
            survival=survival,
        )
        self._ahead: list[int] = []
        if strength == AUTO:
            self._ahead = [index for index in range(self.slices) if Probes(probes).on(index, self.slices)]
            self._header.auto_strength.surveyed = len(self._ahead)
        elif isinstance(strength, str):
            raise InvalidRequest(f"strength is {strength!r}; a number or {AUTO}", field="strength")
        else:
            self._header.strength = strength

    def messages(self, offset: int = 0, model: ModelIdentity | None = None) -> Iterator[Any]:
        """Header and slices from ``offset`` on."""
        header = ct_pb2.CtHeader()
        header.CopyFrom(self._header)
        header.slices = self.slices - offset
        if model is not None and offset:
            header.model, header.model_version = model.name, model.version
            if model.strength is not None:  # both parts of a series are smoothed alike
                header.strength = model.strength.strength
        yield ct_pb2.DenoiseRequest(header=header)
        if header.WhichOneof("amount") == "auto_strength":
            for place, index in enumerate(self._ahead):
                yield from chunk_messages(ct_pb2.DenoiseRequest, place, self._plane(index), name="survey")
        for index in range(header.slices):
            yield from chunk_messages(ct_pb2.DenoiseRequest, index, self._plane(offset + index))

    def _plane(self, index: int) -> Array:
        return self._volume.values[index].astype(self._dtype, copy=False)
