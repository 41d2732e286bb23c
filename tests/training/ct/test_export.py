"""What is exported computes what was trained."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from recon.networks.ct_denoiser import CtDenoiser
from recon.tasks.ct.denoise import STEP_HU
from recon.training.ct.export import read_return_px
from recon.training.export import read_weights
from tests.conftest import body
from tests.training.ct.tiny import exported


@pytest.mark.parametrize("return_px", [0.0, 1.5])
@pytest.mark.long
def test_export_keeps_names_and_results(served: tuple[CtDenoiser, Path], tmp_path: Path, return_px: float) -> None:
    network, path = exported(tmp_path, return_px) if return_px else served
    assert set(read_weights(path)) == set(network.state_dict())
    assert read_return_px(path) == return_px
    hu = body(128, 20)[None, None, :96]
    session = onnxruntime.InferenceSession(str(path))
    (found,) = session.run(None, {"hu": hu})
    with torch.no_grad():
        noise, below, above = network(torch.from_numpy(hu)).numpy().swapaxes(0, 1)
    assert found.dtype == np.int16
    expected = np.stack([noise, np.maximum(below, above)], 1)
    # half a step of rounding, and weights are stored in half precision
    np.testing.assert_allclose(found * STEP_HU, expected, atol=STEP_HU / 2 + 0.02)
