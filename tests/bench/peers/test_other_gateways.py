"""The network behind other gateways."""

from __future__ import annotations

import numpy as np
import pytest

from recon.backend.runtime import runtime_of
from recon.bench.peers import other_gateways
from recon.bench.routes.network import weights_of


@pytest.mark.service
def test_the_network_behind_other_gateways_answers_the_same() -> None:
    """The real servers: Triton with its own client, and pytriton."""
    hu = np.random.default_rng(0).normal(0, 50, (1, 1, 128, 128)).astype(np.float32)
    model, output = "ct_denoise_light", "noise_and_half_width"
    bare = other_gateways.bare_triton(model, {"hu": hu}, output)
    other = other_gateways.pytriton(weights_of(model), {"hu": hu}, output)
    assert not isinstance(other, str), other
    alone = runtime_of(weights_of(model))({"hu": hu}, [output])[0]
    for answered in (bare, other):
        assert np.abs(answered.output.astype(int) - alone.astype(int)).max() <= 1
        assert answered.spent.peak_mib > 50
