"""Portions of a scan through the service, to pictures."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from recon.client.calls import Calls
from recon.doors.mrd.coming import Coming
from recon.doors.mrd.judged import judged
from recon.doors.mrd.options import SessionOptions
from recon.doors.mrd.pictures import COMPLEX, IMAGE, INTERVAL, Picture, place_of
from recon.doors.mrd.scan import Portion, table_of
from recon.errors import ReconError
from recon.io.kspace.series import KSpaceSeries
from recon.io.mrd.header import ScanHeader
from recon.io.mrd.series import series_of
from recon.quality.verdict import worst
from recon.tasks.probe import Probes
from recon.values.averaging import gathered
from recon.values.readouts import ReadoutPart
from recon.values.result import ImageSlice, ModelIdentity


class ScanReconstruction:
    """Makes the pictures of one scan, all of an encoding by the same method.

    Parameters
    ----------
    client
        Of the service.
    header
        Of the scan.
    options
        Of the session.
    name
        For the service's log.
    timeout_s
        For a portion.
    say
        Takes what a person should know, once.
    """

    def __init__(
        self,
        client: Calls,
        header: ScanHeader,
        options: SessionOptions,
        name: str,
        timeout_s: float,
        say: Callable[[str], None],
    ) -> None:
        self._client, self._header, self._options = client, header, options
        self._name, self._timeout_s, self._say = name, timeout_s, say
        self._methods: dict[int, str] = {}
        self._choosing = threading.Lock()
        self._said: set[str] = set()

    def pictures(self, measured: Portion | Coming) -> list[Picture]:
        """The pictures of a slice or slab: the image, its interval, and the complex image where it is wanted.

        Parameters
        ----------
        measured
            As a whole, or while it is coming: then this waits for its last readout.

        Raises
        ------
        ReconError
            When its readouts make no image, or the service fails.
        """
        if isinstance(measured, Portion):
            return self._of_whole(measured)
        made = self._of_coming(measured)
        portion = measured.whole()
        if portion is None:
            return []
        return self._of_whole(portion) if made is None else self._pictures(portion, *made)

    def _of_whole(self, portion: Portion) -> list[Picture]:
        made: list[Picture] = []
        for series in series_of(self._header.document, portion.acquisitions, self._name):
            for note in series.notes:
                self._once(note)
            results, model = self._run(portion, series)
            made += self._pictures(portion, series, results, model)
        return made

    def _of_coming(self, coming: Coming) -> tuple[KSpaceSeries, list[ImageSlice], ModelIdentity | None] | None:
        """Sent as it comes; None where that can't be done or failed: what is wrong then shows in the whole."""
        method = self._methods.get(coming.encoding, self._options.model)
        if not method:  # the service is to choose, and looks at a whole slice for that
            return None
        try:
            begun = table_of([*coming.noise, coming.first], coming.name)
            series, *others = series_of(self._header.document, begun, self._name)
            further = series.further
            if others or further is None:
                return None
            for note in series.notes:
                self._once(note)

            def lines(_: int) -> Iterator[ReadoutPart]:
                return (further(block.heads, block.samples) for block in coming.blocks())

            kspace = series.kspace
            shape = kspace.lines, kspace.coils, kspace.samples
            kspace = replace(kspace, coming=lines, load=lambda index: gathered(lines(index), shape))
            return series, *self._ask(method, replace(series, kspace=kspace), self._probes(coming.head))
        except ReconError:
            return None

    def _run(self, portion: Portion, series: KSpaceSeries) -> tuple[list[ImageSlice], ModelIdentity | None]:
        """The results of a stack, by the method that the first of its encoding was made by."""
        encoding = int(portion.first["encoding_space_ref"])
        probes = self._options.probes if portion.slab else self._probes(portion.first)
        with self._choosing:
            if encoding not in self._methods:
                results, model = self._ask(self._options.model, series, probes)
                self._methods[encoding] = self._options.model if model is None else model.name
                if model is not None and model.reason:
                    self._once(model.reason)
                return results, model
        return self._ask(self._methods[encoding], series, probes)

    def _probes(self, first: Any) -> str:
        """Whether a slice has known lesions added, as one of all slices that the header announces."""
        announced = self._header.encodings[int(first["encoding_space_ref"])].slices
        chosen = Probes(self._options.probes).on(int(first["idx"]["slice"]), announced or None)
        return Probes.ALL if chosen else Probes.OFF

    def _ask(self, method: str, series: KSpaceSeries, probes: str) -> tuple[list[ImageSlice], ModelIdentity | None]:
        run = self._client.reconstruct_mr(
            series.kspace,
            phase=self._options.complex_images,
            probes=probes,
            model=method,
            name=self._name,
            timeout_s=self._timeout_s,
        )
        return judged(run)

    def _phases(self, series: KSpaceSeries, results: list[ImageSlice]) -> Any:
        """(z, y, x) in radians; None where none is wanted or known."""
        if not self._options.complex_images:
            return None
        if any("PHASE" not in result.extra for result in results):
            self._once("this method knows no phase, so no complex images are sent")
            return None
        return _volume(series, [result.extra["PHASE"] for result in results])

    def _pictures(
        self, portion: Portion, series: KSpaceSeries, results: list[ImageSlice], model: ModelIdentity | None
    ) -> list[Picture]:
        images, widths = (_volume(series, [getattr(r, name) for r in results]) for name in ("image", "uncertainty"))
        phases = self._phases(series, results)
        straight = len(images) == len(results)  # slices are those of the service, not across them
        made: list[Picture] = []
        for z, (image, width) in enumerate(zip(images, widths, strict=True)):
            judged = results[z] if straight else _worst(results)
            shown = {IMAGE: image}
            if self._options.uncertainty and np.isfinite(width).all():
                shown[INTERVAL] = width
            elif self._options.uncertainty:
                self._once("this method knows no interval, so none is sent")
            if phases is not None:
                shown[COMPLEX] = image * np.exp(1j * phases[z])
            first = self._picture(portion, series, z, image, judged, model)
            made += [replace(first, kind=kind, values=values) for kind, values in shown.items()]
        return made

    def _picture(
        self,
        portion: Portion,
        series: KSpaceSeries,
        z: int,
        image: Any,
        judged: ImageSlice,
        model: ModelIdentity | None,
    ) -> Picture:
        slab = portion.slab
        thickness = series.geometry.spacing[2] if slab else self._thickness(portion)
        place = place_of(portion.first, series.geometry, image.shape, thickness, z if slab else None)
        name = f"{portion.name}, partition {z}" if slab else portion.name
        return Picture(IMAGE, name, place, image, judged.verdict, judged.checks, model, portion.notes)

    def _thickness(self, portion: Portion) -> float:
        return self._header.encodings[int(portion.first["encoding_space_ref"])].recon.field_mm[2]

    def _once(self, note: str) -> None:
        if note not in self._said:
            self._said.add(note)
            self._say(note)


def _volume(series: KSpaceSeries, planes: list[Any]) -> Any:
    return series.reoriented(np.stack([series.laid_out(plane) for plane in planes]))


def _worst(results: list[ImageSlice]) -> ImageSlice:
    """Slices that are cut across those of the service share the worst of their verdicts."""
    checks = worst(check for result in results for check in result.checks)
    return replace(results[0], verdict=max(result.verdict for result in results), checks=checks)
