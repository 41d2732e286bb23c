"""What may be chosen for contrast."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from recon.tasks.options import Options, OptionSpec


@dataclass(frozen=True)
class ContrastOptions(Options):
    """Options of a contrast job.

    Attributes
    ----------
    dose_fraction
        Dose given over the full dose.
    """

    dose_fraction: Annotated[float, OptionSpec("Dose given over the full dose.", least=0.05, most=0.5)] = 0.1
