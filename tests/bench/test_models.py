"""The networks of a repository."""

from __future__ import annotations

from pathlib import Path

from recon.bench.models import networks
from recon.bench.routes.network import model_repository
from tests.bench.small import SHAPE


def test_networks_of_a_repository(repository: Path) -> None:
    assert networks(repository) == {"small:2": (repository / "small" / "2" / "model.onnx", {"": list(SHAPE)})}


def test_every_network_that_is_shipped_is_found() -> None:
    found = networks(model_repository())
    assert {"ct_denoise:1", "ct_denoise_light:1", "contrast_enhance:1", "mr_unrolled:1/cascade1"} <= set(found)
    assert set(found["contrast_enhance:1"][1]) == {"features", "conditions"}
