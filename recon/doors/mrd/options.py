"""What a scanner may ask for: one table, from which requests are read and the console's dialog is made."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from recon.errors import InvalidRequest

#: The tasks that a scanner asks for: of raw data, and of images.
TASKS = MR, CONTRAST = "mr", "contrast"
#: Names that leave the choice of the method to the service.
CHOOSE = (MR, "", "default", "default.xml", "openrecon", "recon")
#: Everything comes back as it came.
PASS = "null"  # noqa: S105
_ALIASES = {"unrolled": "mr_unrolled", "varnet": "mr_unrolled"}
_TRUE, _FALSE = ("true", "1", "yes", "on"), ("false", "0", "no", "off")


@dataclass(frozen=True)
class Parameter:
    """One thing that can be set at the console.

    Attributes
    ----------
    id
        Its name in requests.
    default
        Where nothing is said; its type is the parameter's.
    label, information
        For the console, short and long.
    values
        Of a choice, with their labels; empty for numbers and switches.
    least, most
        Of a number.
    unit
        Of a number.
    """

    id: str
    default: bool | int | float | str
    label: str
    information: str
    values: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    least: float = 0
    most: float = 0
    unit: str = ""


PARAMETERS = (
    Parameter(
        "config",
        MR,
        "method",
        "What makes the images; by default the method that fits the scan.",
        MappingProxyType(
            {
                MR: "best for the scan",
                "mr_unrolled": "unrolled network",
                "l1-wavelet": "L1 wavelet",
                "sense": "SENSE",
                "zero-filled": "no completion",
                CONTRAST: "full-dose contrast from two scans",
                PASS: "unchanged",
            }
        ),
    ),
    Parameter(
        "pixels",
        "int16",
        "pixels",
        "12-bit integers with rescale slope, or floating point.",
        MappingProxyType({"int16": "integers", "float32": "floating point"}),
    ),
    Parameter("uncertainty", True, "uncertainty", "Send the half-width of the 90 % interval as a series of its own."),
    Parameter("complexImages", False, "complex images", "Send complex images, with their phase, as a further series."),
    Parameter("sendOriginals", False, "send originals", "Images that came are sent back first, as they are."),
    Parameter("withholdRejected", False, "withhold rejected", "Images with the verdict REJECT are not sent."),
    Parameter(
        "probes",
        "few",
        "known lesions",
        "Add known small lesions to the measurement of some slices, and say what the method leaves of them.",
        MappingProxyType({"off": "none", "few": "one slice in twelve", "all": "every slice"}),
    ),
    Parameter("doseFraction", 0.1, "dose fraction", "Of the contrast agent, given over full.", least=0.1, most=0.5),
    Parameter(
        "noiseWait",
        5,
        "wait for noise",
        "How long to wait for a noise scan that is still coming.",
        least=0,
        most=60,
        unit="s",
    ),
)


@dataclass(frozen=True)
class SessionOptions:
    """What one session asked for.

    Attributes
    ----------
    task
        ``mr``, ``contrast`` or ``null``.
    model
        Of the task; empty where the service is to choose.
    pixels, uncertainty, complex_images, send_originals, withhold_rejected, probes, dose_fraction, noise_wait_s
        See :data:`PARAMETERS`.
    notes
        What was asked for and is not known.
    """

    task: str = MR
    model: str = ""
    pixels: str = "int16"
    uncertainty: bool = True
    complex_images: bool = False
    send_originals: bool = False
    withhold_rejected: bool = False
    probes: str = "few"
    dose_fraction: float = 0.1
    noise_wait_s: float = 5
    notes: tuple[str, ...] = ()


def options_of(config: str, parameters: Mapping[str, Any], served: Collection[str]) -> SessionOptions:
    """What a configuration's name and the parameters say; the parameters' own configuration counts more.

    Parameters
    ----------
    config
        Name, as a scanner or client sends it.
    parameters
        Of the console, from :func:`parameters_of`.
    served
        Names of the MR models that there are.

    Raises
    ------
    InvalidRequest
        When there is no such configuration (it lists what there is), or a value is impossible.
    """
    known = {parameter.id: parameter for parameter in PARAMETERS}
    name = str(parameters.get("customconfig") or parameters.get("config") or config).strip()
    name = _ALIASES.get(name, name)
    found = {id: _value(known[id], value) for id, value in parameters.items() if id in known and id != "config"}
    task = name if name in (CONTRAST, PASS) else MR
    model = "" if name in CHOOSE or task != MR else name
    if model and model not in served:
        there = ", ".join(dict.fromkeys((CHOOSE[0], *sorted(served), CONTRAST, PASS)))
        raise InvalidRequest(f"no configuration {name[:80]!r}; there are {there}", field="config")
    unknown = sorted(set(parameters) - set(known) - {"customconfig"})
    notes = (f"parameters that are not known here: {', '.join(unknown)[:200]}",) if unknown else ()
    defaults = {parameter.id: parameter.default for parameter in PARAMETERS}
    said: dict[str, Any] = {**defaults, **found}
    return SessionOptions(
        task,
        model,
        said["pixels"],
        said["uncertainty"],
        said["complexImages"],
        said["sendOriginals"],
        said["withholdRejected"],
        said["probes"],
        said["doseFraction"],
        said["noiseWait"],
        notes,
    )


def parameters_of(text: str) -> dict[str, Any]:
    """The parameters in a text message; nothing where the text is no JSON.

    Raises
    ------
    InvalidRequest
        When it is JSON, and its ``parameters`` are no object.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    found = document.get("parameters", {}) if isinstance(document, dict) else None
    if not isinstance(found, dict):
        raise InvalidRequest('the JSON text has no object "parameters"', field="parameters")
    return {str(name): value for name, value in found.items()}


def _value(parameter: Parameter, value: Any) -> bool | int | float | str:
    """A value as its parameter takes it; consoles send switches and numbers as strings, too."""
    word = str(value).strip()
    if isinstance(parameter.default, bool):
        if word.lower() in _TRUE + _FALSE:
            return word.lower() in _TRUE
        raise InvalidRequest(f"{parameter.id} is {word[:40]!r}; true or false", field=parameter.id)
    if isinstance(parameter.default, str):
        if word in parameter.values:
            return word
        raise InvalidRequest(
            f"{parameter.id} is {word[:40]!r}; one of {', '.join(parameter.values)}", field=parameter.id
        )
    try:
        number = type(parameter.default)(word)
    except ValueError:
        number = float("nan")
    if not parameter.least <= number <= parameter.most:
        raise InvalidRequest(
            f"{parameter.id} is {word[:40]!r}; a number from {parameter.least:g} to {parameter.most:g}",
            field=parameter.id,
        )
    return number
