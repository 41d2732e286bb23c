"""What may be chosen for contrast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from recon.quality.strength import AUTO
from recon.quality.survival import Least, Lesion
from recon.tasks.contrast.probes import KEPT, LESIONS, least_in
from recon.tasks.options import Options, OptionSpec
from recon.tasks.probe import HELP, SURVIVAL_HELP, Probes


@dataclass(frozen=True)
class ContrastOptions(Options):
    """Options of a contrast job.

    Attributes
    ----------
    dose_fraction
        Dose given over the full dose.
    strength
        Share of the network's result, the rest being the smoothed difference of the scans; or ``auto``: the most at
        which the lesion keeps its share.
    lesion_mm, lesion_percent, lesion_kept
        Which lesion must survive, and what share of its contrast.
    survival
        Whether a map of what a lesion keeps is written.
    probes
        On which slices known lesions are added.
    """

    dose_fraction: Annotated[float, OptionSpec("Dose given over the full dose.", least=0.05, most=0.5)] = 0.1
    strength: Annotated[
        float | str,
        OptionSpec(
            "Share of the network's result, the rest being the smoothed difference of the scans; or auto: the most at "
            "which the lesion keeps its share, by probes.",
            least=0.0,
            most=1.0,
            words=(AUTO,),
        ),
    ] = 1.0
    lesion_mm: Annotated[
        float | str,
        OptionSpec(
            "Diameter of the lesion that must survive, mm; auto: 5, or two slices where those are more.",
            least=1.0,
            most=20.0,
            words=(AUTO,),
        ),
    ] = AUTO
    lesion_percent: Annotated[
        float, OptionSpec("Its full-dose contrast, percent of the tissue around it.", least=1.0, most=500.0)
    ] = LESIONS[0].contrast
    lesion_kept: Annotated[float, OptionSpec("Share of its contrast to keep.", least=0.1, most=1.0)] = KEPT
    survival: Annotated[bool, OptionSpec(SURVIVAL_HELP)] = False
    probes: Annotated[str, OptionSpec(HELP, among=tuple(Probes))] = Probes.FEW.value

    def required(self, spacing_mm: Sequence[float]) -> Least:
        """The lesion, and what it must keep, in a scan with such distances of columns, rows and slices."""
        size_mm = least_in(spacing_mm).lesion.size_mm if isinstance(self.lesion_mm, str) else self.lesion_mm
        return Least(Lesion(size_mm, self.lesion_percent, LESIONS[0].unit), self.lesion_kept)
