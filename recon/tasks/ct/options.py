"""What may be chosen for CT."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from recon.tasks.options import Options, OptionSpec
from recon.tasks.probe import HELP, Probes


@dataclass(frozen=True)
class CtOptions(Options):
    """Options of a CT job.

    Attributes
    ----------
    strength
        Share of the noise to remove.
    probes
        On which slices known lesions are added.
    """

    strength: Annotated[float, OptionSpec("Share of the noise to remove.", least=0.0, most=1.0)] = 1.0
    probes: Annotated[str, OptionSpec(HELP, among=tuple(Probes))] = Probes.FEW.value
