"""The label by which a scanner knows what an image takes, needs and may be asked for."""

from __future__ import annotations

import base64
import json
from importlib.resources import files
from typing import Any

from recon import __version__
from recon.doors.mrd.options import CONTRAST, PARAMETERS, PASS, Parameter
from recon.errors import InvalidRequest, MissingExtra, with_extra

#: Name of the label in the image.
LABEL = "com.siemens-healthineers.magneticresonance.openrecon.metadata:1.1.0"
#: What the scanner sends to an image of ours: raw data, or images for contrast.
EMITTERS = ("raw", "image")
PORT = 9002
_VENDOR = "recon"
_ONLY_IMAGES = (CONTRAST, PASS)


def label(emitter: str) -> dict[str, Any]:
    """The label's contents.

    Parameters
    ----------
    emitter
        One of :data:`EMITTERS`.

    Raises
    ------
    InvalidRequest
        When it is none.
    """
    if emitter not in EMITTERS:
        raise InvalidRequest(f"emitter is {emitter!r}; one of {', '.join(EMITTERS)}", field="emitter")
    name = "recon" if emitter == "raw" else "reconcontrast"
    return {
        "general": {
            "name": {"en": name},
            "version": __version__,
            "vendor": _VENDOR,
            "information": {"en": "MR images with an uncertainty map and a verdict. Not a medical device."},
            "id": name,
            "regulatory_information": {
                "device_trade_name": name,
                "production_identifier": __version__,
                "manufacturer_address": "",
                "made_in": "",
                "manufacture_date": "",
                "material_number": f"{name}_{__version__}",
                "gtin": "",
                "udi": "",
                "safety_advices": "For research use; not a medical device.",
                "special_operating_instructions": "Look at verdict and uncertainty of every image; see the manual.",
                "additional_relevant_information": "",
            },
        },
        "reconstruction": {
            "transfer_protocol": {"protocol": "ISMRMRD", "version": "1.4.1"},
            "port": PORT,
            "emitter": emitter,
            "injector": "image",
            "can_process_adjustment_data": emitter == "raw",
            "can_use_gpu": False,
            "min_count_required_gpus": 0,
            "min_required_gpu_memory": 0,
            "min_required_memory": 8192,
            "min_count_required_cpu_cores": 2,
            "content_qualification_type": "RESEARCH",
        },
        "parameters": [_parameter(parameter, emitter) for parameter in PARAMETERS if _fits(parameter, emitter)],
    }


def base_name(contents: dict[str, Any]) -> str:
    """Name that image, manual and package share, without their endings."""
    general = contents["general"]
    return f"OpenRecon_{general['vendor']}_{general['name']['en']}_V{general['version']}"


def tag(contents: dict[str, Any]) -> str:
    """Name and tag of the image; in small letters, as registries want them."""
    general = contents["general"]
    return f"openrecon_{general['vendor']}_{general['name']['en']}:v{general['version']}".lower()


def encoded(contents: dict[str, Any]) -> str:
    """The label's value in the image."""
    return base64.b64encode(json.dumps(contents).encode()).decode()


def decoded(value: str) -> dict[str, Any]:
    """The contents of a label's value.

    Raises
    ------
    InvalidRequest
        When it is no JSON in base64, or breaks the schema.
    """
    try:
        contents = json.loads(base64.b64decode(value, validate=True))
    except ValueError as error:
        raise InvalidRequest(f"the label is no JSON in base64 ({error})") from error
    validate(contents)
    return dict(contents)


def validate(contents: Any) -> None:
    """Check the contents of a label.

    Raises
    ------
    InvalidRequest
        Naming the first place that breaks the schema.
    MissingExtra
        When ``jsonschema`` is not installed.
    """
    try:
        import jsonschema
    except ModuleNotFoundError as error:
        raise MissingExtra(with_extra("checking a label needs jsonschema", "openrecon")) from error
    schema = json.loads(files(__package__).joinpath("label_schema.json").read_text())
    problem = jsonschema.exceptions.best_match(jsonschema.Draft7Validator(schema).iter_errors(contents))
    if problem is not None:
        where = "/".join(map(str, problem.absolute_path)) or "the label"
        raise InvalidRequest(f"label: {where}: {problem.message[:200]}")
    names = [parameter["id"] for parameter in contents["parameters"]]
    if len(set(names)) < len(names):
        raise InvalidRequest("label: two parameters have one id")
    for parameter in contents["parameters"]:
        if "values" in parameter and parameter["default"] not in {value["id"] for value in parameter["values"]}:
            raise InvalidRequest(f"label: the default of {parameter['id']} is none of its values")


def _fits(parameter: Parameter, emitter: str) -> bool:
    only = {"noiseWait": "raw", "complexImages": "raw", "doseFraction": "image", "sendOriginals": "image"}
    return only.get(parameter.id, emitter) == emitter


def _parameter(parameter: Parameter, emitter: str) -> dict[str, Any]:
    words = {"label": {"en": parameter.label}, "information": {"en": parameter.information}}
    entry = {"id": parameter.id, **words}
    if isinstance(parameter.default, bool):
        return {**entry, "type": "boolean", "default": parameter.default}
    if parameter.values:
        values = {
            id: name
            for id, name in parameter.values.items()
            if parameter.id != "config" or (id in _ONLY_IMAGES) == (emitter == "image")
        }
        default = parameter.default if parameter.default in values else next(iter(values))
        choices = [{"id": id, "name": {"en": name}} for id, name in values.items()]
        return {**entry, "type": "choice", "values": choices, "default": default}
    kind = "int" if isinstance(parameter.default, int) else "double"
    number = int if kind == "int" else float
    bounds = {"minimum": number(parameter.least), "maximum": number(parameter.most), "default": parameter.default}
    unit = {"unit": {"en": parameter.unit}} if parameter.unit else {}
    return {**entry, "type": kind, **bounds, **unit}
