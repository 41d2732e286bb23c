"""What a repository's parameters make of a model, by version and by method."""

from __future__ import annotations

from recon.engine.models import ServedModel, model_to_message, models_of

PARAMETERS = {
    "task": "mr",
    "default": "yes",
    "sha256.1": "one",
    "sha256.2": "two",
    "conformal_factor.2": "1.5",
    "description": "Rebuilds",
}


def test_a_version_has_its_own_parameters_and_those_of_all() -> None:
    first, second = (ServedModel("m", version, "m", "", dict(PARAMETERS)) for version in ("1", "2"))
    assert (first.sha256, second.sha256) == ("one", "two")
    assert (first.conformal_factor, second.conformal_factor) == (1.0, 1.5)
    facts = second.facts
    assert (facts.name, facts.version, facts.sha256, facts.conformal_factor) == ("m", "2", "two", 1.5)
    assert facts.parameters["sha256"] == "two"
    assert facts.parameters["task"] == "mr"
    assert "sha256.1" not in facts.parameters


def test_methods_of_one_entry_are_models_and_none_is_the_default() -> None:
    found = models_of("classical", {**PARAMETERS, "methods": "sense,l1-wavelet"}, "1")
    assert [(one.name, one.host, one.method) for one in found] == [
        ("sense", "classical", "sense"),
        ("l1-wavelet", "classical", "l1-wavelet"),
    ]
    assert not any(one.is_default for one in found)
    (alone,) = models_of("m", PARAMETERS, "1")
    assert alone.is_default


def test_callers_are_told_what_runs_and_how() -> None:
    tuned = {**PARAMETERS, "runtime": "openvino", "threads": "4", "instances": "2"}
    told = model_to_message(ServedModel("m", "2", "m", "", tuned), ready=True, inferences=7)
    assert (told.name, told.version, told.task, told.sha256) == ("m", "2", "mr", "two")
    assert (told.ready, told.is_default, told.inference_count) == (True, True, 7)
    assert told.tuning == "openvino, threads: 4, instances: 2"
    assert model_to_message(ServedModel("m", "1", "m", "", PARAMETERS), ready=False).tuning == ""
