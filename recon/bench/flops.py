"""Parameters, bytes and floating-point operations of a network at a given input shape.

Convolutions and matrix products count 2 x multiply-accumulate, Fourier transforms 5 N log2 N (complex, per
transform). Everything else is listed by name and not counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import log2, prod
from pathlib import Path
from typing import Any

#: Operators that move or label data and compute nothing.
_NO_ARITHMETIC = {
    "Parameter",
    "Result",
    "Constant",
    "Convert",
    "Reshape",
    "Transpose",
    "Concat",
    "Split",
    "VariadicSplit",
    "Slice",
    "StridedSlice",
    "Gather",
    "ShapeOf",
    "Squeeze",
    "Unsqueeze",
    "Broadcast",
    "Pad",
    "SpaceToDepth",
    "DepthToSpace",
    "ConvertLike",
    "Range",
    "Tile",
    "Identity",
}


@dataclass(frozen=True)
class Cost:
    """Of one inference.

    Attributes
    ----------
    parameters
        Numbers in the weights.
    weight_bytes
        As stored.
    flops
        Of the counted operators.
    by_operator
        The same by operator.
    not_counted
        Output elements of the arithmetic that is not counted, by operator.
    activation_bytes
        Written by all operators at float32; a bound on what memory traffic must carry.
    """

    parameters: int
    weight_bytes: int
    flops: float
    by_operator: dict[str, float] = field(default_factory=dict)
    not_counted: dict[str, int] = field(default_factory=dict)
    activation_bytes: int = 0


def fft_flops(shape: Sequence[int], axes: Sequence[int] = (-2, -1)) -> float:
    """5 N log2 N for every transform over ``axes`` of an array of complex numbers (Frigo and Johnson's convention)."""
    points = prod(shape[axis] for axis in axes)
    return prod(shape) / points * 5 * points * log2(points) if points > 1 else 0.0


def cost(weights: Path, shapes: Sequence[Sequence[int]]) -> Cost:
    """Cost of an ONNX file at concrete input shapes.

    Parameters
    ----------
    weights
        The file.
    shapes
        Of its inputs in order.
    """
    import openvino

    network = openvino.Core().read_model(weights)
    network.reshape(
        {part: openvino.PartialShape(list(shape)) for part, shape in zip(network.inputs, shapes, strict=True)}
    )
    counted: Counter[str] = Counter()
    others: Counter[str] = Counter()
    parameters = stored = written = 0
    for node in network.get_ordered_ops():
        name = node.get_type_name()
        if name == "Constant":
            size = prod(node.get_output_shape(0))
            if node.get_element_type().is_real():
                parameters += size
                stored += size * node.get_element_type().size
            continue
        if name in _NO_ARITHMETIC or _of_constants(node):
            continue
        size = sum(prod(output.shape) for output in node.outputs())
        written += 4 * size
        flops = _flops(name, node)
        if flops is None:
            others[name] += size
        else:
            counted[name] += flops  # type: ignore[assignment]
    return Cost(parameters, stored, float(sum(counted.values())), dict(counted), dict(others), written)


def _flops(name: str, node: Any) -> float | None:
    inputs = [tuple(part.get_source_output().shape) for part in node.inputs()]
    output = tuple(node.output(0).shape)
    if name == "Convolution":  # weights (out, in, ...)
        return 2.0 * prod(output) * prod(inputs[1][1:])
    if name == "GroupConvolution":  # weights (groups, out, in, ...)
        return 2.0 * prod(output) * prod(inputs[1][2:])
    if name == "ConvolutionBackpropData":  # weights (in, out, ...): every input sample meets every weight
        return 2.0 * prod(inputs[0]) * prod(inputs[1][1:])
    if name == "GroupConvolutionBackpropData":
        return 2.0 * prod(inputs[0]) * prod(inputs[1][2:])
    if name == "MatMul":
        shared = inputs[0][-2] if node.get_attributes()["transpose_a"] else inputs[0][-1]
        return 2.0 * prod(output) * shared
    if name in ("DFT", "IDFT"):  # (..., 2) real and imaginary
        axes = [int(axis) for axis in node.input(1).get_source_output().get_node().data]
        return fft_flops(inputs[0][:-1], axes)
    if name in ("RDFT", "IRDFT"):  # half of the complex transform
        axes = [int(axis) for axis in node.input(1).get_source_output().get_node().data]
        full = inputs[0] if name == "RDFT" else output
        return fft_flops(full, axes) / 2
    return None


def _of_constants(node: Any) -> bool:
    """Whether an operator works on weights alone, so that the runtime folds it away."""
    parts = [part.get_source_output().get_node() for part in node.inputs()]
    return bool(parts) and all(
        part.get_type_name() == "Constant" or (part.get_type_name() != "Parameter" and _of_constants(part))
        for part in parts
    )
