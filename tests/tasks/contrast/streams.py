"""Headers of pairs, and a network that knows the answer."""

from __future__ import annotations

import numpy as np

from recon.tasks.base import ModelFacts
from recon.v1 import common_pb2, contrast_pb2
from recon.wire.messages import geometry_to_message
from tests.tasks.contrast.phantom import SHAPE, geometry

FACTS = ModelFacts("contrast_enhance", conformal_factor=1.5)


def header_of(**changes: object) -> contrast_pb2.ContrastHeader:
    header = contrast_pb2.ContrastHeader(
        slices=SHAPE[0],
        rows=SHAPE[1],
        columns=SHAPE[2],
        geometry=geometry_to_message(geometry()),
        low_slices=SHAPE[0],
        low_rows=SHAPE[1],
        low_columns=SHAPE[2],
        low_geometry=geometry_to_message(geometry()),
        sample_type=common_pb2.SAMPLE_TYPE_FLOAT32,
        dose_fraction=0.1,
    )
    for name, value in changes.items():
        setattr(header, name, value)
    return header


def oracle(work, enhancement: np.ndarray) -> dict[str, np.ndarray]:
    """A network that always finds this."""
    shape = work.outputs["enhancement_and_interval"].shape
    out = np.full(shape, 0.05, np.float32)
    out[0, 0] = 0
    out[0, 0, : enhancement.shape[0], : enhancement.shape[1]] = enhancement
    return {"enhancement_and_interval": out}
