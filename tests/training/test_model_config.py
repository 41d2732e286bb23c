"""Versions of a model beside each other, and the one file that runs in Triton."""

from __future__ import annotations

import hashlib
from pathlib import Path
from types import SimpleNamespace

import pytest

from recon.backend import model as backend
from recon.backend.model import parameters_of
from recon.serving.server import default_repository
from recon.serving.triton.models import models_of
from recon.training.model_config import _PARAMETER, Entry, ModelConfig, write_version

CONFIG = ModelConfig("ct", "words", [Entry("hu", (-1, 1, -1, -1))], [Entry("noise", (-1, 1, -1, -1))], True)


def test_versions_coexist(tmp_path: Path) -> None:
    folder = tmp_path / "m"
    for version, content, factor in (("1", b"one", 1.5), ("2", b"two", 2.5)):
        (folder / version).mkdir(parents=True)
        (folder / version / "model.onnx").write_bytes(content)
        write_version(folder, version, CONFIG, ["model.onnx"], factor, "1,1,64,64")
    values = dict(_PARAMETER.findall((folder / "config.pbtxt").read_text()))
    config = SimpleNamespace(
        name="m", parameters={key: SimpleNamespace(string_value=value) for key, value in values.items()}
    )
    for version, content, factor in (("1", b"one", 1.5), ("2", b"two", 2.5)):
        (served,) = models_of(config, version)
        assert served.conformal_factor == factor
        assert served.sha256 == hashlib.sha256(content).hexdigest()
        assert served.is_default
        assert served.facts.parameters["files"] == "model.onnx"
        seen = parameters_of({"parameters": {k: {"string_value": v} for k, v in values.items()}}, version)
        assert backend.verified(folder / version, seen) == [folder / version / "model.onnx"]


def shared_backends() -> list[Path]:
    """Versions of the repository that say that the shared file serves them."""
    first = Path(backend.__file__).read_text().splitlines()[0]
    return [path for path in default_repository().glob("*/*/model.py") if path.read_text().splitlines()[0] == first]


def test_some_models_are_served_by_the_shared_file() -> None:
    assert "ct_denoise" in {path.parents[1].name for path in shared_backends()}


@pytest.mark.parametrize("path", shared_backends(), ids=lambda path: path.parents[1].name)
def test_the_file_in_triton_is_the_one_in_the_package(path: Path) -> None:
    assert path.read_bytes() == Path(backend.__file__).read_bytes(), (
        "run `recon export`, or copy recon/backend/model.py"
    )


def test_the_four_learned_transforms_are_served_by_one_file() -> None:
    found = sorted(default_repository().glob("automap_*/1/model.py"))
    assert len(found) == 4
    assert len({path.read_bytes() for path in found}) == 1
