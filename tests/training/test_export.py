"""What is served holds nothing of the machine that exported it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from recon.training.export import halve_weights

SERVED = sorted((Path(__file__).parents[2] / "triton_repo").glob("*/*/*.onnx"))


@pytest.mark.parametrize("path", SERVED, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_served_networks_hold_no_paths(path: Path) -> None:
    assert b"site-packages" not in path.read_bytes()
    for node in onnx.load(path).graph.node:
        assert not node.metadata_props
        assert not node.doc_string


def test_stack_traces_of_the_exporter_are_dropped() -> None:
    weight = numpy_helper.from_array(np.ones((1024, 1), np.float32), "w.weight")
    node = helper.make_node("MatMul", ["x", "w.weight"], ["y"], doc_string="File /somewhere/linear.py")
    helper.set_model_props(node, {"pkg.torch.onnx.stack_trace": "File /somewhere/linear.py"})  # type: ignore[arg-type]
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, width]) for name, width in (("x", 1024), ("y", 1))
    ]
    made = halve_weights(helper.make_model(helper.make_graph([node], "g", ends[:1], ends[1:], [weight])))
    assert b"somewhere" not in made.SerializeToString()
