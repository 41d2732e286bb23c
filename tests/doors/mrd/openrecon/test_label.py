"""The label says what a session takes, and what scanners refuse is refused here."""

from __future__ import annotations

import json

import pytest

import recon
from recon.doors.mrd.openrecon import label
from recon.doors.mrd.options import options_of
from recon.errors import InvalidRequest

SERVED = ("mr_unrolled", "l1-wavelet", "sense", "zero-filled")


@pytest.mark.parametrize("emitter", label.EMITTERS)
def test_every_choice_of_the_label_is_one_that_a_session_takes(emitter) -> None:
    contents = label.label(emitter)
    label.validate(contents)
    assert contents["reconstruction"]["emitter"] == emitter
    assert contents["general"]["version"] == recon.__version__
    for parameter in contents["parameters"]:
        values = [value["id"] for value in parameter.get("values", [])] or [
            parameter[bound] for bound in ("minimum", "maximum", "default") if bound in parameter
        ]
        for value in values:
            options = options_of("openrecon", {parameter["id"]: str(value)}, SERVED)
            assert not options.notes
            assert (options.task == "mr") == (emitter == "raw") or parameter["id"] != "config"


def test_a_label_survives_the_image() -> None:
    contents = label.label("raw")
    assert label.decoded(label.encoded(contents)) == contents


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: c["reconstruction"].update(emitter="spectra"), "emitter"),
        (lambda c: c["reconstruction"]["transfer_protocol"].update(version="1.5"), "version"),
        (lambda c: c["general"].update(version="1.0"), "version"),
        (lambda c: c["general"]["regulatory_information"].pop("udi"), "udi"),
        (lambda c: c["parameters"][0].update(id="with space"), "parameters"),
        (lambda c: c["parameters"][0].update(default="none"), "default"),
        (lambda c: c["parameters"].extend([c["parameters"][0]] * 14), "parameters"),
        (lambda c: c.pop("parameters"), "parameters"),
    ],
)
def test_labels_that_scanners_refuse_are_refused_here(change, words) -> None:
    contents = json.loads(json.dumps(label.label("raw")))
    change(contents)
    with pytest.raises(InvalidRequest, match=words):
        label.decoded(label.encoded(contents))
