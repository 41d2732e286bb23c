"""A task in this process, and a repository with a small network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from recon.client.local import Local


@pytest.fixture(scope="module")
def here() -> Iterator[Local]:
    with Local() as local:
        yield local


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "small" / "2"
    folder.mkdir(parents=True)
    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, "rows", "columns"])
    out = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    weight = numpy_helper.from_array(np.ones((4, 1, 3, 3), np.float32), "w")
    graph = helper.make_graph([helper.make_node("Conv", ["x", "w"], ["y"])], "g", [given], [out], [weight])
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), folder / "model.onnx"
    )
    config = 'name: "small"\nparameters [ { key: "warm_shape" value: { string_value: "1,1,32,32" } } ]\n'
    (tmp_path / "small" / "config.pbtxt").write_text(config)
    return tmp_path
