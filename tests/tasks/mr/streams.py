"""Headers of scans, their work, and a model that is right."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from recon.physics.fourier import to_image
from recon.quality.verdict import Verdict
from recon.tasks.base import ModelFacts
from recon.tasks.mr.task import MrTask
from recon.v1 import mr_pb2
from recon.volumes import Geometry
from recon.wire.messages import geometry_to_message

DECLARED = {
    "domain_trajectories": "cartesian",
    "domain_coils": "1,32",
    "domain_matrix": "48,512",
    "domain_acceleration": "1,8.8",
    "domain_centred": "12",
}

MODEL = ModelFacts("network", conformal_factor=2.0, parameters=DECLARED)

CLASSICAL = {
    "methods": "zero-filled,sense",
    "linear_methods": "zero-filled,sense",
    "takes": "kspace,counts,trajectory",
    "takes_noise": "yes",
    "domain_coils": "1,128",
    "domain_matrix": "48,1024",
    "domain_acceleration": "1,8.8",
}

OUTPUT = "image_interval_residual"


def header(kspace, **changes):
    coils, samples, lines = kspace.shape
    values = {
        "series_name": "s",
        "trajectory": 1,
        "coils": coils,
        "samples": samples,
        "lines": lines,
        "slices": 1,
        "averages": 1,
        "rows": 0,
        "columns": 0,
        "noise_std": 0.0,
        "encoding": "",
        "geometry": geometry_to_message(Geometry.from_spacing(1, 1, 3)),
    }
    return SimpleNamespace(**{**values, **changes})


def work_of(kspace, model=MODEL, path=b"", lines=None, **changes):
    """The work that a stream of one slice makes."""
    session = MrTask().open(header(kspace, **changes), model)
    sent = np.arange(kspace.shape[2]) if lines is None else np.flatnonzero(lines)
    data = np.ascontiguousarray(kspace.transpose(2, 0, 1)[sent], "<c8").tobytes()
    readouts = mr_pb2.Readouts(
        slice_index=0, lines=sent.tolist(), data=data, last_in_slice=True, trajectory=bytes(path)
    )
    (work,) = session.add(SimpleNamespace(WhichOneof=lambda _: "readouts", readouts=readouts))
    assert session.is_complete
    return work


def prepared(work):
    tensors = {name: np.full(spec.shape, np.nan, spec.dtype) for name, spec in work.inputs.items()}
    work.prepare(tensors)
    return tensors


def perfect(work, tensors):
    """What a model would answer that explains everything and is sure of it."""
    image = np.sqrt((np.abs(to_image(tensors["kspace"].view(np.complex64)[0, ..., 0])) ** 2).sum(0))
    zero = np.zeros_like(image)
    output = np.stack([image, zero, 0.01 * image, 0.03 * image, zero]).astype(np.float32)[None]
    assert output.shape == work.outputs[OUTPUT].shape
    return output


def failed(work, change=None):
    output = perfect(work, prepared(work))
    if change is not None:
        change(output[0])
    checks = [*work.judge_input(), *work.finish({OUTPUT: output}).checks]
    return {check.name for check in checks if check.outcome is not Verdict.PASS}
