"""For which scans a model was made, as its configuration declares; choice and checks read it here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from recon.quality.conformal_table import Range
from recon.tasks.base import ModelFacts
from recon.tasks.mr.sampling import Sampling

_OPEN: Range = (0.0, float("inf"))


@dataclass(frozen=True)
class Domain:
    """Where a model has been shown to work; what its configuration does not say is open.

    Attributes
    ----------
    trajectories
        Kinds of sampling that it takes; empty for all.
    coils, matrix, acceleration
        Least and most; of the matrix, of its sides in pixels.
    calibration
        Shorter side of the fully sampled rectangle about zero frequency, in samples, that it needs.
    centred
        The same of a rectangle with zero frequency in its middle.
    anatomy
        What it was calibrated on, in words; no header is trusted to say what was scanned.
    """

    trajectories: tuple[str, ...] = ()
    coils: Range = _OPEN
    matrix: Range = _OPEN
    acceleration: Range = _OPEN
    calibration: float = 0.0
    centred: float = 0.0
    anatomy: str = ""

    @classmethod
    def of(cls, model: ModelFacts) -> Domain:
        """From the parameters ``domain_...`` of a model; ``domain_coils:sense`` is of one of its methods alone."""
        said = _parameters(model)
        return cls(
            tuple(filter(None, said("domain_trajectories").split(","))),
            _range(said("domain_coils")),
            _range(said("domain_matrix")),
            _range(said("domain_acceleration")),
            float(said("domain_calibration") or 0),
            float(said("domain_centred") or 0),
            said("domain_anatomy"),
        )

    def impossible(self, sampling: Sampling) -> bool:
        """Whether the scan lacks what the model can't do without."""
        return (
            bool(self.trajectories and sampling.kind not in self.trajectories)
            or sampling.coils < self.coils[0]
            or (sampling.kind == "cartesian" and self._uncalibrated(sampling))
        )

    def outside(self, sampling: Sampling) -> str:
        """What lies outside, in words; empty when the scan is one for the model."""
        if self.trajectories and sampling.kind not in self.trajectories:
            return f"{' and '.join(self.trajectories)} sampling"
        cartesian = sampling.kind == "cartesian"
        if cartesian and self._uncalibrated(sampling):
            return f"a fully sampled centre of {max(self.calibration, self.centred):g} samples"
        sides = (sampling.rows, sampling.columns) if cartesian else (sampling.rows,)
        for name, values, (least, most) in (
            ("coils", (sampling.coils,), self.coils),
            ("acceleration", (sampling.acceleration,), self.acceleration),
            ("a matrix of", sides, self.matrix),
        ):
            if not all(least <= value <= most for value in values):
                return f"{name} {least:g} to {most:g}" if most < float("inf") else f"{name} {least:g} and more"
        return ""

    def _uncalibrated(self, sampling: Sampling) -> bool:
        return sampling.calibration < self.calibration or sampling.centred < self.centred


def preference(model: ModelFacts) -> int | None:
    """Its place in the order of choice, first is best; None for a model that is used only when asked for."""
    place = _parameters(model)("preference")
    return int(place) if place else None


def chosen_for(model: ModelFacts) -> str:
    """Why it is chosen, in words."""
    return _parameters(model)("chosen_for")


def _parameters(model: ModelFacts) -> Callable[[str], str]:
    known = model.parameters
    return lambda name: known.get(f"{name}:{model.name}", known.get(name, ""))


def _range(text: str) -> Range:
    least, _, most = text.partition(",")
    return float(least or 0), float(most) if most else float("inf")
