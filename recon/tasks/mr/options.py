"""What may be chosen for MR."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from recon.tasks.options import Options, OptionSpec
from recon.tasks.probe import HELP, SURVIVAL_HELP, Probes


@dataclass(frozen=True)
class MrOptions(Options):
    """Options of an MR job.

    Attributes
    ----------
    dicom
        Also write DICOM series.
    complex
        Also keep the phase of the images.
    survival
        Whether a map of what a lesion keeps is written.
    probes
        On which slices known lesions are added.
    """

    model: Annotated[
        str, OptionSpec("zero-filled, sense, l1-wavelet, unrolled, automap, …; by default the one that fits.")
    ] = ""
    dicom: Annotated[bool, OptionSpec("Also write DICOM series.")] = False
    complex: Annotated[
        bool, OptionSpec("Also keep the phase, as dataset phase in image.h5, where the method knows one.")
    ] = False
    survival: Annotated[bool, OptionSpec(SURVIVAL_HELP)] = False
    probes: Annotated[str, OptionSpec(HELP, among=tuple(Probes))] = Probes.FEW.value
