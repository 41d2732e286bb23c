"""Weights in ONNX: stored in half precision without traces of the machine, found again by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor


def halve_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """Store float32 weights as float16 under their own names, widened again where they are used."""
    graph = model.graph
    casts = []
    for tensor in list(graph.initializer):
        if tensor.data_type != TensorProto.FLOAT or np.prod(tensor.dims, dtype=int) < 1024:
            continue
        half = numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float16), tensor.name)
        graph.initializer.remove(tensor)
        graph.initializer.append(half)
        wide = f"{tensor.name}.float32"
        for node in graph.node:
            for index, name in enumerate(node.input):
                if name == tensor.name:
                    node.input[index] = wide
        casts.append(helper.make_node("Cast", [tensor.name], [wide], to=TensorProto.FLOAT))
        for info in list(graph.value_info):
            if info.name == tensor.name:
                graph.value_info.remove(info)
    for node in reversed(casts):
        graph.node.insert(0, node)
    _forget_where(model)
    onnx.checker.check_model(model)
    return model


def _forget_where(model: onnx.ModelProto) -> None:
    """Drop what the exporter notes of its own machine: stack traces with paths."""
    graph = model.graph
    values = [*graph.value_info, *graph.input, *graph.output]
    for part in [graph, *graph.node, *graph.initializer, *values]:
        part.ClearField("metadata_props")
        part.ClearField("doc_string")


def read_weights(path: Path) -> dict[str, Tensor]:
    """Weights of a served file by parameter name, to go on training from it."""
    model = onnx.load(path)
    return {
        tensor.name: torch.from_numpy(numpy_helper.to_array(tensor).astype(np.float32))
        for tensor in model.graph.initializer
        if tensor.name.endswith((".weight", ".bias"))
    }
