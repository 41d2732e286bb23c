"""Portions of a scan through the service, to pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from recon.client import Client, ImageSlice
from recon.doors.mrd.options import Options
from recon.doors.mrd.pictures import IMAGE, INTERVAL, Picture, place_of
from recon.doors.mrd.scan import Portion
from recon.io.kspace.series import MrSeries
from recon.io.mrd.header import ScanHeader
from recon.io.mrd.series import series_of
from recon.quality.verdict import worst
from recon.values.result import ModelIdentity


class Reconstruction:
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
        self, client: Client, header: ScanHeader, options: Options, name: str, timeout_s: float,
        say: Callable[[str], None],
    ) -> None:  # fmt: skip
        self._client, self._header, self._options = client, header, options
        self._name, self._timeout_s, self._say = name, timeout_s, say
        self._methods: dict[int, str] = {}
        self._said: set[str] = set()

    def pictures(self, portion: Portion) -> list[Picture]:
        """The pictures of a portion: of each slice the image, then its interval.

        Raises
        ------
        ReconError
            When its readouts make no image, or the service fails.
        """
        made: list[Picture] = []
        for series in series_of(self._header.document, portion.acquisitions, self._name):
            for note in series.notes:
                self._once(note)
            made += self._reconstructed(portion, series)
        return made

    def _reconstructed(self, portion: Portion, series: MrSeries) -> list[Picture]:
        encoding = int(portion.first["encoding_space_ref"])
        model = self._methods.get(encoding, self._options.model)  # the service chooses once
        run = self._client.reconstruct_mr(series.kspace, model=model, name=self._name, timeout_s=self._timeout_s)
        results = list(run)
        if run.model is not None:
            self._methods.setdefault(encoding, run.model.name)
            if run.model.reason:
                self._once(run.model.reason)
        images, widths = (_volume(series, [getattr(r, name) for r in results]) for name in ("image", "uncertainty"))
        straight = len(images) == len(results)  # slices are those of the service, not across them
        made: list[Picture] = []
        for z, (image, width) in enumerate(zip(images, widths, strict=True)):
            judged = results[z] if straight else _worst(results)
            made += self._of_slice(portion, series, z, image, width, judged, run.model)
        return made

    def _of_slice(
        self, portion: Portion, series: MrSeries, z: int, image: Any, width: Any, judged: ImageSlice,
        model: ModelIdentity | None,
    ) -> list[Picture]:  # fmt: skip
        slab = portion.slab
        thickness = series.geometry.spacing[2] if slab else self._thickness(portion)
        place = place_of(portion.first, series.geometry, image.shape, thickness, z if slab else None)
        name = f"{portion.name}, partition {z}" if slab else portion.name
        picture = Picture(IMAGE, name, place, image, judged.verdict, judged.checks, model, portion.notes)
        if not self._options.uncertainty:
            return [picture]
        if not np.isfinite(width).all():
            self._once("this method knows no interval, so none is sent")
            return [picture]
        return [picture, replace(picture, kind=INTERVAL, values=width)]

    def _thickness(self, portion: Portion) -> float:
        return self._header.encodings[int(portion.first["encoding_space_ref"])].recon.field_mm[2]

    def _once(self, note: str) -> None:
        if note not in self._said:
            self._said.add(note)
            self._say(note)


def _volume(series: MrSeries, planes: list[Any]) -> Any:
    return series.reoriented(np.stack([series.laid_out(plane) for plane in planes]))


def _worst(results: list[ImageSlice]) -> ImageSlice:
    """Slices that are cut across those of the service share the worst of their verdicts."""
    checks = worst(check for result in results for check in result.checks)
    return replace(results[0], verdict=max(result.verdict for result in results), checks=checks)
