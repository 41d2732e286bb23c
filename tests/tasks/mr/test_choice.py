"""The service chooses by what was measured and by what the models of the repository declare."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from recon.backend.configuration import of_version, parameters_in
from recon.errors import InvalidRequest
from recon.tasks.base import ModelFacts
from recon.tasks.mr.choice import choose, first_slice
from recon.tasks.mr.header import SeriesFacts
from recon.tasks.mr.sampling import Sampling
from recon.v1 import mr_pb2
from recon.values.readouts import Readouts
from recon.wire.readouts import messages_of

REPOSITORY = Path(__file__).parents[3] / "triton_repo"


def shipped() -> list[ModelFacts]:
    """The MR models of the repository, as the service knows them."""
    found = []
    for folder in sorted(REPOSITORY.iterdir()):
        parameters = of_version(parameters_in(folder), "1")
        if parameters["task"] == "mr":
            names = parameters.get("methods", folder.name).split(",")
            found += [ModelFacts(name, parameters=parameters) for name in names]
    return found


def cartesian(acceleration: float, calibration: int = 24, coils: int = 8, side: int = 256) -> Sampling:
    return Sampling("cartesian", coils, side, side, acceleration, calibration, calibration)


@pytest.mark.parametrize(
    ("sampling", "model"),
    [
        (cartesian(1.0), "zero-filled"),
        (cartesian(4.0), "mr_unrolled"),
        (cartesian(8.8, 12), "mr_unrolled"),
        (cartesian(9.0), "l1-wavelet"),
        (cartesian(12.0), "l1-wavelet"),
        (cartesian(4.0, coils=64), "l1-wavelet"),
        (cartesian(4.0, side=640), "l1-wavelet"),
        (cartesian(4.0, 4), "zero-filled"),
        (cartesian(30.0, 1), "zero-filled"),
        (Sampling("cartesian", 8, 256, 256, 4.0, 24, 1), "l1-wavelet"),
        (Sampling("radial", 8, 256, 100, 2.0), "sense"),
        (Sampling("radial", 8, 256, 10, 20.0), "sense"),
        (Sampling("spiral", 1, 256, 100, 2.0), "zero-filled"),
    ],
)
def test_each_scan_gets_the_model_that_declares_it(sampling, model) -> None:
    name, reason = choose(sampling, shipped())
    assert name == model
    assert sampling.words in reason


def test_a_service_without_the_network_has_other_ways() -> None:
    classical = [model for model in shipped() if model.name != "mr_unrolled"]
    assert choose(cartesian(4.0), classical)[0] == "l1-wavelet"
    assert choose(cartesian(4.0), []) == ("", "")
    assert choose(cartesian(4.0), [ModelFacts("a site's own")]) == ("", "")


def test_where_no_model_fits_the_reason_says_what_each_is_for() -> None:
    _, reason = choose(cartesian(30.0, 1), shipped())
    assert "mr_unrolled is for a fully sampled centre of 12 samples" in reason


def asked(readouts) -> SimpleNamespace:
    return SimpleNamespace(WhichOneof=lambda _: "readouts", readouts=readouts)


def test_the_mask_of_the_first_whole_slice_is_looked_at() -> None:
    facts = SeriesFacts("cartesian", 2, 32, 40, 3, 1, (32, 40))
    lines = (np.arange(40) % 4 == 0) | (abs(np.arange(40) - 20) < 6)
    whole = Readouts.of_grid(np.zeros((2, 32, 40), np.complex64), np.broadcast_to(lines, (32, 40)))  # zeros, measured
    (message,) = messages_of(1, whole)
    other = mr_pb2.Readouts(slice_index=0, lines=[3], data=bytes(8 * 2 * 32))
    assert first_slice(facts, []) is None
    assert first_slice(facts, [asked(other)]) is None
    found = first_slice(facts, [asked(other), asked(message)])
    assert found is not None
    assert found.acceleration == pytest.approx(40 / lines.sum())
    assert (found.calibration, found.centred) == (11, 10)
    with pytest.raises(InvalidRequest, match="only readouts"):
        first_slice(facts, [SimpleNamespace(WhichOneof=lambda _: "header")])
