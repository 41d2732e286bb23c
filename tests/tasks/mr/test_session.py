"""k-space to tensors and back to an image with a verdict."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from recon.errors import UnusableData
from recon.tasks.base import ModelFacts
from recon.tasks.mr.domain import Domain
from recon.tasks.mr.noise import noise_levels
from recon.tasks.mr.sampling import sampling_of
from recon.values.readouts import Readouts
from tests.conftest import head, multicoil
from tests.tasks.mr.streams import DECLARED, failed, prepared, work_of


def measured(kspace, lines=None):
    """Readouts of k-space (coils, samples, lines), of these lines or all."""
    return Readouts.of_grid(kspace, None if lines is None else np.broadcast_to(lines, kspace.shape[1:]))


def test_noise_is_measured_in_the_corners_of_kspace() -> None:
    # smooth enough that the corners hold noise alone
    kspace = multicoil(gaussian_filter(head((128, 128)), 1.5), 4, noise=0.02)
    found = noise_levels(Readouts.of_grid(kspace))
    assert found == pytest.approx([0.02] * 4, rel=0.15)


@pytest.mark.parametrize(("value", "words"), [(np.nan, "NaN"), (np.inf, "infinite"), (0, "zero everywhere")])
def test_samples_that_are_no_numbers_or_none(kspace, value, words) -> None:
    kspace[2, 3, 4] = value
    work = work_of(kspace if value else kspace * 0)
    with pytest.raises(UnusableData, match=words):
        prepared(work)


def test_what_a_model_is_for_says_its_configuration(kspace) -> None:
    """Many coils and high acceleration are judged by the numbers by which the model is chosen."""
    lines = np.arange(80) % 20 == 0
    for changes, expected in (
        ({}, set()),
        ({"domain_coils": "1,4"}, {"coil_count"}),
        ({"domain_matrix": "90,512"}, {"matrix_size"}),
        ({"domain_matrix": "48,90"}, {"matrix_extent"}),
    ):
        model = ModelFacts("network", parameters={**DECLARED, **changes})
        assert failed(work_of(kspace, model)) == expected
        assert bool(Domain.of(model).outside(sampling_of(measured(kspace).mask, 6))) == bool(expected)
    assert {"acceleration", "calibration_region"} <= failed(work_of(kspace, lines=lines))
    assert {"coil_count", "acceleration"} <= failed(work_of(kspace, ModelFacts("says nothing")))
