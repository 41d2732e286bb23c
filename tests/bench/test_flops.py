"""Operations are counted as they are done by hand."""

from __future__ import annotations

from math import log2
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from recon.bench.flops import cost, fft_flops


def _model(path: Path, nodes: list[onnx.NodeProto], weights: dict[str, np.ndarray]) -> Path:
    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 32, 32])
    out = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    tensors = [numpy_helper.from_array(value.astype(np.float32), name) for name, value in weights.items()]
    graph = helper.make_graph(nodes, "g", [given], [out], tensors)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), path)
    return path


def test_convolutions_count_two_per_multiply_accumulate(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("ConvTranspose", ["b", "t"], ["y"], strides=[2, 2]),
    ]
    path = _model(tmp_path / "m.onnx", nodes, {"w": np.ones((8, 3, 3, 3)), "t": np.ones((8, 4, 2, 2))})
    found = cost(path, [(1, 3, 32, 32)])
    assert found.by_operator["Convolution"] == 2 * 8 * 32 * 32 * 3 * 9
    assert found.by_operator["ConvolutionBackpropData"] == 2 * 8 * 32 * 32 * 4 * 4
    assert found.parameters == 8 * 3 * 9 + 8 * 4 * 4
    assert found.not_counted == {"Relu": 8 * 32 * 32}
    # four times the pixels, four times the work
    assert cost(path, [(1, 3, 64, 64)]).flops == 4 * found.flops


def test_matrix_products(tmp_path: Path) -> None:
    nodes = [helper.make_node("MatMul", ["x", "w"], ["y"])]
    path = _model(tmp_path / "m.onnx", nodes, {"w": np.ones((32, 5))})
    assert cost(path, [(1, 3, 32, 32)]).flops == 2 * 3 * 32 * 32 * 5


def test_fourier_transforms_count_five_n_log_n() -> None:
    points = 232 * 184
    assert fft_flops((15, 232, 184)) == pytest.approx(15 * 5 * points * log2(points))
    assert fft_flops((4, 8), axes=(-1,)) == pytest.approx(4 * 5 * 8 * 3)


def test_the_shipped_network_agrees_with_torch() -> None:
    torch = pytest.importorskip("torch")
    from torch.utils.flop_counter import FlopCounterMode

    from recon.bench.routes.network import weights_of
    from recon.bench.torch_eager import ct_network

    network = ct_network(weights_of("ct_denoise"))
    assert network is not None
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        network(torch.zeros(1, 1, 64, 64))
    to_steps = 3 * 2 * 12 * 4 * 32 * 32  # three products with constants, which only the served network has
    assert cost(weights_of("ct_denoise"), [(1, 1, 64, 64)]).flops == counter.get_total_flops() + to_steps
