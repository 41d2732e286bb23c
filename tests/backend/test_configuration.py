"""Versions of a model beside each other in one configuration, as gateway and model read it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from types import SimpleNamespace

from google.protobuf import text_format
from tritonclient.grpc.model_config_pb2 import ModelConfig as TritonConfig

from recon.backend.configuration import Entry, ModelConfig, parameters_in, parameters_of, sha256_of, write_config
from recon.engine.models import models_of

CONFIG = ModelConfig(
    "ct", 'words with "quotes"', "network", [Entry("hu", (-1, 1, -1, -1))], [Entry("noise", (-1, 1, -1, -1))], True
)


def test_versions_coexist(tmp_path: Path) -> None:
    folder = tmp_path / "m"
    for version, content, factor in (("1", b"one", 1.5), ("2", b"two", 2.5)):
        (folder / version).mkdir(parents=True)
        (folder / version / "model.onnx").write_bytes(content)
        table = '[{"pattern": "plane"}]' if version == "1" else ""
        write_config(folder, version, CONFIG, ["model.onnx"], factor, "1,1,64,64", table)
    values = parameters_in(folder)
    config = SimpleNamespace(
        name="m", parameters={key: SimpleNamespace(string_value=value) for key, value in values.items()}
    )
    for version, content, factor in (("1", b"one", 1.5), ("2", b"two", 2.5)):
        (served,) = models_of(config.name, {k: v.string_value for k, v in config.parameters.items()}, version)
        assert served.conformal_factor == factor
        assert served.sha256 == hashlib.sha256(content).hexdigest()
        assert served.is_default
        assert served.facts.parameters.get("conformal_table", "") == (
            '[{"pattern": "plane"}]' if version == "1" else ""
        )
        assert served.facts.parameters["files"] == "model.onnx"
        seen = parameters_of({"parameters": {k: {"string_value": v} for k, v in values.items()}}, version)
        assert seen["sha256"] == sha256_of([folder / version / "model.onnx"])
    assert values["description"] == 'words with "quotes"'
    assert text_format.Parse((folder / "config.pbtxt").read_text(), TritonConfig()).name == "m"


def test_what_protobuf_writes_is_read_like_our_own(tmp_path: Path) -> None:
    written = TritonConfig(name="m")
    said = {"description": 'a patient\'s "best" \\ at 2 mm, ±3', "task": "ct", "files.2": "a.onnx"}
    for key, value in said.items():
        written.parameters[key].string_value = value
    for as_utf8 in (True, False):  # letters beyond ASCII as they are, or as octal bytes
        (tmp_path / "config.pbtxt").write_text(text_format.MessageToString(written, as_utf8=as_utf8))
        assert parameters_in(tmp_path) == said


def test_what_a_person_writes_is_read_as_protobuf_reads_it(tmp_path: Path) -> None:
    words = """name: "m"  # a site's own
    # parameters { key: "default" value: { string_value: "yes" } }
    parameters { key: 'task' value: { string_value: 'ct' } }
    parameters { key: "description" value { string_value: "no # comment" } }
    """
    (tmp_path / "config.pbtxt").write_text(words)
    parsed = text_format.Parse(words, TritonConfig())
    assert parameters_in(tmp_path) == {key: value.string_value for key, value in parsed.parameters.items()}
