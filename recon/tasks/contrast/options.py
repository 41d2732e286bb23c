"""What may be chosen for contrast."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from recon.tasks.options import Options, OptionSpec
from recon.tasks.probe import HELP, SURVIVAL_HELP, Probes


@dataclass(frozen=True)
class ContrastOptions(Options):
    """Options of a contrast job.

    Attributes
    ----------
    dose_fraction
        Dose given over the full dose.
    survival
        Whether a map of what a lesion keeps is written.
    probes
        On which slices known lesions are added.
    """

    dose_fraction: Annotated[float, OptionSpec("Dose given over the full dose.", least=0.05, most=0.5)] = 0.1
    survival: Annotated[bool, OptionSpec(SURVIVAL_HELP)] = False
    probes: Annotated[str, OptionSpec(HELP, among=tuple(Probes))] = Probes.FEW.value
