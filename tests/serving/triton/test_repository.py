"""A repository with settings of this machine."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from recon.backend.configuration import model_config_in, of_version, parameters_in
from recon.backend.network import TritonPythonModel
from recon.engine.repository import default_repository
from recon.serving.triton.repository import models_in, plain_repository, tuned_repository
from recon.serving.tuning import Tuning

pytestmark = pytest.mark.service
MODEL = "ct_denoise_light"


def test_only_the_configuration_of_the_tuned_model_changes(tmp_path: Path) -> None:
    repository = default_repository()
    assert tuned_repository(repository, tmp_path / "same", []) == repository
    made = tuned_repository(repository, tmp_path / "made", [Tuning(MODEL, "1", "openvino", 3, 2)])
    assert {path.name for path in made.iterdir()} == {path.name for path in repository.iterdir()}
    (before,), (after,) = models_in(repository / MODEL), models_in(made / MODEL)
    assert before.tuning == ""
    assert after.tuning == "openvino, threads: 3, instances: 2"
    assert {**after.parameters, **before.parameters} == after.parameters
    assert "count: 2" in (made / MODEL / "config.pbtxt").read_text()
    assert (made / MODEL / "1" / "model.onnx").samefile(repository / MODEL / "1" / "model.onnx")
    assert models_in(made / "ct_denoise")[0].tuning == ""


def test_a_request_alone_may_have_a_network_of_its_own(tmp_path: Path) -> None:
    made = tuned_repository(default_repository(), tmp_path / "made", [Tuning(MODEL, "1", "openvino", 1, 2, alone=2)])
    (model,) = models_in(made / MODEL)
    assert model.tuning == "openvino, threads: 1, instances: 2, threads of a request alone: 2"
    network = TritonPythonModel()
    config = model_config_in(default_repository() / MODEL)
    network.names = ["hu"]
    parameters = of_version({**parameters_in(default_repository() / MODEL), **model.parameters}, "1")
    small = {**parameters, "warm_shape": "1,1,64,64"}
    network.load(made / MODEL / "1", config, small)
    found = {}
    for words in ({}, {"alone": "1"}):
        found[len(words)] = network.answer({"hu": np.zeros((1, 1, 64, 64), np.float32)}, words)
    assert network.run is not network.alone
    for run, threads in ((network.run, 1), (network.alone, 2)):
        compiled = next(iter(run.compiled.values())).get_compiled_model()
        # the runtime takes no more threads than this process may use cores
        assert compiled.get_property("INFERENCE_NUM_THREADS") == min(threads, len(os.sched_getaffinity(0)))
    one, other = (answer["noise_and_half_width"].astype(int) for answer in found.values())
    assert np.abs(one - other).max() <= 1  # a step, where threads add up in another order


def test_a_repository_is_reached_by_a_link_where_its_path_is_not_plain(tmp_path: Path) -> None:
    plain, other = tmp_path / "models", tmp_path / "modelle für"
    plain.mkdir()
    other.mkdir()
    assert plain_repository(plain, tmp_path / "link") == plain
    assert plain_repository(other, tmp_path / "link").resolve() == other.resolve()
