"""A series of k-space as a stream of readouts."""

from __future__ import annotations

from collections.abc import Iterator

from recon.errors import ReconError
from recon.tasks.probe import Probes, probes_to_message
from recon.tasks.series import Series
from recon.v1 import mr_pb2
from recon.values.readouts import KSpace
from recon.values.result import ModelIdentity
from recon.wire.messages import geometry_to_message
from recon.wire.readouts import messages_of, messages_of_parts

_TRAJECTORIES = {
    "cartesian": mr_pb2.TRAJECTORY_CARTESIAN,
    "radial": mr_pb2.TRAJECTORY_RADIAL,
    "spiral": mr_pb2.TRAJECTORY_SPIRAL,
}

#: Allowed where lines go up as often as they are measured, and nobody knows how often that is.
_MOST_AVERAGES = 1024


class MrSeries(Series):
    """k-space, read slice by slice as it is sent.

    Parameters
    ----------
    kspace
        What was measured.
    name, model, version
        Of the header.
    phase
        Whether the phase of the images is wanted.
    probes
        On which slices known lesions are added: ``off``, ``few`` or ``all``.
    survival
        Whether a map of what they keep is wanted, of the slices that are probed.
    """

    def __init__(
        self,
        kspace: KSpace,
        name: str = "",
        model: str = "",
        version: str = "",
        *,
        phase: bool = False,
        probes: str = Probes.FEW,
        survival: bool = False,
    ) -> None:
        self.slices = kspace.slices
        self._kspace = kspace
        self._failure: ReconError | None = None
        rows, columns = kspace.matrix or (0, 0)
        self._header = mr_pb2.MrHeader(
            series_name=name,
            trajectory=_TRAJECTORIES[kspace.kind],
            coils=kspace.coils,
            samples=kspace.samples,
            lines=kspace.lines,
            slices=kspace.slices,
            geometry=geometry_to_message(kspace.geometry),
            model=model,
            model_version=version,
            rows=rows,
            columns=columns,
            noise_std=kspace.noise_std,
            phase=phase,
            probes=probes_to_message(probes),
            survival=survival,
            averages=_MOST_AVERAGES if kspace.coming is not None else 0,
        )

    def messages(self, offset: int = 0, model: ModelIdentity | None = None) -> Iterator[mr_pb2.ReconstructRequest]:
        """Header and readouts of the slices from ``offset`` on."""
        header = mr_pb2.MrHeader()
        header.CopyFrom(self._header)
        header.slices = self.slices - offset
        if model is not None and offset:
            header.model, header.model_version = model.name, model.version
        yield mr_pb2.ReconstructRequest(header=header)
        for index in range(header.slices):
            try:
                for readouts in self._readouts(offset + index, index):
                    yield mr_pb2.ReconstructRequest(readouts=readouts)
            except ReconError as error:
                self._failure = error
                return

    def _readouts(self, slice_: int, number: int) -> Iterator[mr_pb2.Readouts]:
        """Of a slice, under the number that it has in the stream."""
        if self._kspace.coming is None:
            return messages_of(number, self._kspace.load(slice_))
        return messages_of_parts(number, self._kspace.coming(slice_))

    def failure(self) -> ReconError | None:
        """A slice that could not be read ended the stream."""
        return self._failure
