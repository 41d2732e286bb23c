"""The calls of a client: of any task by its name, and those that ship with their arguments typed.

A further task is called by :meth:`recon.client.caller.Caller.run` and needs nothing here.
"""

from __future__ import annotations

from typing import Any, Literal, TypedDict, Unpack

from recon.client.caller import Caller
from recon.client.resume import Run
from recon.quality.survival import Least
from recon.values.readouts import KSpace
from recon.volumes import Volume


class CallOptions(TypedDict, total=False):
    """What may be chosen for every call.

    Attributes
    ----------
    probes
        On which slices known lesions are added, to report what is left of them: ``off``, ``few`` (the default) or
        ``all``.
    survival
        Whether a map of what a lesion keeps is wanted; it comes as ``extra["SURVIVAL"]`` of slices that are probed.
    model, model_version
        By default the service chooses.
    name
        For the service's log; leave patient data out.
    timeout_s
        For the whole series; by default an hour.
    patience_s
        How long to go on without a new slice while the service is unavailable; by default 30 s.
    """

    probes: str
    survival: bool
    model: str
    model_version: str
    name: str
    timeout_s: float
    patience_s: float


class Calls(Caller):
    """The calls of a client; a context manager that closes it."""

    def denoise_ct(
        self,
        volume: Volume,
        *,
        strength: float | Literal["auto"] = 1.0,
        least: Least | None = None,
        **options: Unpack[CallOptions],
    ) -> Run:
        """Denoise a CT series.

        Parameters
        ----------
        volume
            In HU.
        strength
            Share of the noise to remove, 0 to 1, or ``"auto"``: the most at which ``least`` holds; what was chosen,
            and why, is in ``model.strength`` of the run.
        least
            Which lesion must keep what share of its contrast; by default one of 6 mm and 20 HU 0.7.
        options
            Of :class:`CallOptions`.

        Returns
        -------
        Run
            Iterate over it; errors are those of :mod:`recon.errors`.
        """
        return self.run("ct", volume, strength=strength, **_required(least), **options)

    def reconstruct_mr(self, kspace: KSpace, *, phase: bool = False, **options: Unpack[CallOptions]) -> Run:
        """Reconstruct images from Cartesian k-space.

        Parameters
        ----------
        kspace
            Read slice by slice as it is sent.
        phase
            Whether the phase of the images is wanted; it comes as ``extra["PHASE"]`` where the method knows one.
        options
            Of :class:`CallOptions`.

        Returns
        -------
        Run
            Iterate over it; errors are those of :mod:`recon.errors`.
        """
        return self.run("mr", kspace, phase=phase, **options)

    def synthesize_contrast(
        self,
        pre: Volume,
        low: Volume,
        *,
        dose_fraction: float = 0.1,
        strength: float | Literal["auto"] = 1.0,
        least: Least | None = None,
        **options: Unpack[CallOptions],
    ) -> Run:
        """Synthesise the full-dose contrast image.

        Parameters
        ----------
        pre, low
            T1 scans before contrast and after the reduced dose, each in its own geometry.
        dose_fraction
            Dose given over the full dose, 0.05 to 0.5.
        strength
            Share of the network's result, 0 to 1, the rest being the difference of the scans, smoothed and scaled to
            the full dose; or ``"auto"``: the most at which ``least`` holds; what was chosen, and why, is in
            ``model.strength`` of the run.
        least
            Which lesion must keep what share of its contrast; by default one of 50 % 0.7, and
            of 5 mm or two slices where those are more.
        options
            Of :class:`CallOptions`.

        Returns
        -------
        Run
            Iterate over it; errors are those of :mod:`recon.errors`.
        """
        return self.run(
            "contrast", pre, low, dose_fraction=dose_fraction, strength=strength, **_required(least), **options
        )


def _required(least: Least | None) -> dict[str, Any]:
    return {} if least is None else {"least": least}
