"""Synthesised full-dose slices as a derived MR series that nobody can take for a scan at full dose."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from pydicom.sr.codedict import codes
from pydicom.uid import MRImageStorage, generate_uid

from recon.errors import OutputFailed, UnreadableInput
from recon.io.dicom.read.headers import integer, quietly
from recon.io.dicom.read.records import SliceSource
from recon.io.dicom.read.skipped import Refused, first_line
from recon.io.dicom.write.derive import UNCERTAINTY, DerivedImage, DerivedSeries, identify, put_scaled, save
from recon.io.dicom.write.template import header_of, set_decimals, single_frame
from recon.io.disk import write_error
from recon.volumes import FloatImage

#: Last value of ImageType.
SYNTHESISED = "SYNTHESISED"
_MR = DerivedImage(MRImageStorage, "MR", ("DERIVED", "SECONDARY", "OTHER"))
_STALE = (
    "VOILUTSequence",
    "VOILUTFunction",
    "WindowCenterWidthExplanation",
    "LossyImageCompression",
    "LossyImageCompressionRatio",
    "LossyImageCompressionMethod",
    "ComplexImageComponent",
)
#: Nothing in the result may claim that a full dose was given.
_AGENT = (
    "ContrastBolusAgent",
    "ContrastBolusAgentSequence",
    "ContrastBolusRoute",
    "ContrastBolusVolume",
    "ContrastBolusStartTime",
    "ContrastBolusStopTime",
    "ContrastBolusTotalDose",
    "ContrastFlowRate",
    "ContrastFlowDuration",
    "ContrastBolusIngredient",
    "ContrastBolusIngredientConcentration",
    "ContrastBolusAdministrationRouteSequence",
    "ContrastAdministrationProfileSequence",
)


@dataclass(frozen=True)
class SynthesisedSeries(DerivedSeries):
    """A derived series whose pixels are scaled alike.

    Attributes
    ----------
    largest
        Value that is stored as 4095, the same for all slices.
    """

    largest: float


def synthesised_series(model: str, dose_fraction: float, largest: float, strength: float = 1.0) -> SynthesisedSeries:
    """The series of synthesised full-dose images, of which the model made a share of ``strength``."""
    rest = "" if strength == 1 else ", the rest being the difference of the scans, smoothed and scaled to the full dose"
    words = (
        f"{SYNTHESISED} full-dose contrast image, no scan: computed from scans before contrast and after "
        f"{dose_fraction:.0%} of the dose by model {model}, strength {strength:g}{rest}. No full dose was given. "
        "Not for primary diagnosis."
    )
    return _series(SYNTHESISED, "SYNTHESISED full dose", 7200, words, model, largest)


def dose_in(description: str) -> float | None:
    """The dose fraction in the words of a series of synthesised images; None where there is none."""
    found = re.search(r"after (\d+)% of the dose", description)
    return int(found[1]) / 100 if found else None


def uncertainty_series(model: str, largest: float) -> SynthesisedSeries:
    """The series of uncertainty maps."""
    words = f"Half-width of the 90 % interval around the synthesised full-dose image, model {model}."
    return _series(UNCERTAINTY, "uncertainty", 7201, words, model, largest)


def detectability_series(model: str, largest: float) -> SynthesisedSeries:
    """The series of the smallest full-dose enhancement that noise and dose allow."""
    words = f"Smallest full-dose enhancement of a 5 mm lesion that noise and dose allow to see, model {model}."
    return _series("DETECTABILITY", "smallest visible enhancement", 7202, words, model, largest)


def _series(kind: str, label: str, offset: int, words: str, model: str, largest: float) -> SynthesisedSeries:
    code = codes.cid7203.PixelByPixelAddition
    return SynthesisedSeries(kind, label, offset, words, code, model, generate_uid(), largest)


def write_synthesised_slice(
    values: FloatImage, pre: SliceSource, low: SliceSource | None, series: SynthesisedSeries, number: int, path: Path
) -> None:
    """Write one derived slice.

    Parameters
    ----------
    values
        (y, x), not negative.
    pre
        Slice of the pre scan at this place; patient, study and geometry come from it.
    low
        Slice of the low-dose scan nearest to it, for the reference.
    series
        That it belongs to.
    number
        Instance number, from 1.
    path
        Where to write it.

    Raises
    ------
    UnreadableInput
        When the source has changed since it was read.
    OutputFailed
        When the slice can't be written.
    """
    try:
        dataset = single_frame(pre)
        shape = tuple(integer(header_of(pre), name, 0) for name in ("Rows", "Columns"))
    except Refused as error:
        raise UnreadableInput(f"{pre.path}: can't be read again: {error.problem}") from error
    if shape != values.shape:
        raise UnreadableInput(f"{pre.path}: is {shape[0]}x{shape[1]} now; it changed while it was worked on")
    try:
        with quietly():
            for name in (*_STALE, *_AGENT):
                if name in dataset:
                    del dataset[name]
            identify(dataset, [pre, low] if low is not None else [pre], series, number, _MR)
            scale = max(series.largest, 1e-9)
            put_scaled(dataset, values, scale, 16)
            set_decimals(dataset, "WindowCenter", (float(f"{scale / 2:.8g}"),))
            set_decimals(dataset, "WindowWidth", (float(f"{scale:.8g}"),))
            save(dataset, path)
    except Refused as error:  # the low-dose slice, which is only referred to
        raise UnreadableInput(f"{path}: its sources can't be read again: {error.problem}") from error
    except OSError as error:
        raise write_error(path, error) from error
    except (ValueError, TypeError, AttributeError) as error:
        raise OutputFailed(f"{path}: can't be written: {first_line(error)}") from error
