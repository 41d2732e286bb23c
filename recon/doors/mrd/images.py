"""Pictures as image messages that scanners and their databases accept."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from ismrmrd import Meta

from recon.doors.mrd.pictures import COMPLEX, IMAGE, INTERVAL, Picture
from recon.doors.mrd.wire import Image
from recon.doors.mrd.wire.layout import IMAGE_HEAD
from recon.errors import UnusableData

#: Databases keep lower numbers for the scanner's own series.
FIRST_SERIES = 99
_BRIGHTEST = 4095
_MAGNITUDE, _COMPLEX = 1, 5
_NAMES = {IMAGE: "recon", INTERVAL: "recon_interval", COMPLEX: "recon_complex"}
_COMMENT_LENGTH = 1024


class SeriesOfImages:
    """Numbers series and images, and keeps the scale of the integers within a series.

    Parameters
    ----------
    pixels
        ``int16`` for 12-bit integers with a slope, or ``float32``.

    Notes
    -----
    Each kind and each matrix size is a series. The slope is that of the first image with room for twice its
    maximum; an image that is brighter than that doubles it from there on. Every image names its own.
    """

    def __init__(self, pixels: str) -> None:
        self._pixels = pixels
        self._numbers: dict[tuple[str, tuple[int, ...]], int] = {}
        self._counts: dict[int, int] = {}
        self._slopes: dict[int, float] = {}

    def image(self, picture: Picture) -> Image:
        """The message for a picture.

        Raises
        ------
        UnusableData
            When it has pixels that are no numbers, of which integers can say nothing.
        """
        if not np.isfinite(picture.values).all():
            raise UnusableData(f"{picture.name}: the image has values that are no numbers; it is not sent")
        key = picture.kind, picture.values.shape
        series = self._numbers.setdefault(key, FIRST_SERIES + len(self._numbers))
        count = self._counts[series] = self._counts.get(series, 0) + 1
        is_complex = picture.kind == COMPLEX
        values: npt.NDArray[Any] = np.asarray(picture.values, "<c8" if is_complex else "<f4")
        slope = 1.0
        if self._pixels == "int16" and not is_complex:
            slope = self._slope(series, values)
            values = np.rint(values / slope).astype("<i2")
        head = np.array(picture.place, IMAGE_HEAD)
        head["image_type"] = _COMPLEX if is_complex else _MAGNITUDE
        head["image_series_index"] = series
        head["image_index"] = min(count, 65535)
        meta = self._meta(picture, slope)
        return Image.of(head, meta.serialize(), values[None, None])

    def _slope(self, series: int, values: npt.NDArray[Any]) -> float:
        brightest = float(np.abs(values).max(initial=0))
        slope = self._slopes.get(series, 0.0) or 2 * brightest / _BRIGHTEST
        while slope and brightest > slope * _BRIGHTEST:
            slope *= 2
        self._slopes[series] = slope
        return slope or 1.0

    def _meta(self, picture: Picture, slope: float) -> Meta:
        model = "unchanged" if picture.model is None else picture.model.name
        window = float(np.percentile(np.abs(picture.values), 99.5)) or 1.0
        name = _NAMES[picture.kind]
        words = picture.words[:_COMMENT_LENGTH]
        meta = Meta(
            DataRole=["Image"] if picture.kind != INTERVAL else ["Image", "Quantitative"],
            ImageProcessingHistory=["RECON", model],
            ImageType="DERIVED\\PRIMARY\\M\\" + name.upper(),
            SeriesDescription=f"{name}_{model}",
            SequenceDescriptionAdditional=name,
            ImageComment=words,
            ImageComments=words,
            RescaleSlope=repr(slope),
            RescaleIntercept="0",
            WindowCenter=f"{window / 2:.6g}",
            WindowWidth=f"{window:.6g}",
            Keep_image_geometry="1",
            ImageRowDir=[f"{x:.18f}" for x in picture.place["read_dir"]],
            ImageColumnDir=[f"{x:.18f}" for x in picture.place["phase_dir"]],
            ReconVerdict=picture.verdict.name,
        )
        if picture.protocol:
            meta["IceMiniHead"] = picture.protocol
        if picture.model is not None:
            made = picture.model
            meta["ReconModel"] = [made.name, made.version, made.sha256, made.software_version]
            if picture.kind == INTERVAL:
                meta["ReconInterval"] = str(made.interval.kind)
                if made.interval.coverage is not None:
                    meta["ReconCoverage"] = repr(made.interval.coverage)
        return meta
