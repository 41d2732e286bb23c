"""A model that is one network: what comes in goes through ``model.onnx``, whatever the task."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from served.arrays import Array
from served.backend.configuration import warm_shapes
from served.backend.device import arrays_on
from served.backend.python_model import PythonModel, numpy_type
from served.backend.runtime import runtime_of


class TritonPythonModel(PythonModel):
    """The network of the version's only file."""

    def load(self, folder: Path, config: Mapping[str, Any], parameters: Mapping[str, str]) -> None:
        """See :class:`PythonModel`; ``runtime`` and ``threads`` are there where they were measured on this machine."""
        self.outputs = [entry["name"] for entry in config["output"]]
        threads = int(parameters.get("threads", "0"))
        self.place, runtime = arrays_on(self.device), parameters.get("runtime", "")
        self.run = runtime_of(folder / parameters["files"], runtime, threads, device=self.device)
        kinds = {entry["name"]: numpy_type(entry["data_type"]) for entry in config["input"]}
        shapes = warm_shapes(parameters["warm_shape"], self.names[0])
        zeros = {name: self.place(np.zeros(shape, kinds[name])) for name, shape in shapes.items()}
        self.run(zeros, self.outputs)
        self.alone = self.run
        if threads_alone := int(parameters.get("threads_alone", "0")):
            self.alone = runtime_of(folder / parameters["files"], parameters["runtime"], threads_alone)
            self.alone(zeros, self.outputs)

    def answer(self, inputs: Mapping[str, Array], parameters: Mapping[str, str]) -> Mapping[str, Any]:
        """See :class:`PythonModel`; a request says ``alone`` when nothing else wants the processor."""
        run = self.alone if parameters.get("alone") else self.run
        given = {name: self.place(array) for name, array in inputs.items()}
        return dict(zip(self.outputs, run(given, self.outputs), strict=True))
