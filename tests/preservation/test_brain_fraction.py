from __future__ import annotations

import numpy as np
import pytest

from recon.preservation.brain_fraction import Reading, TissueShare, measures, shrunken
from recon.training.mr.preserve import made_up


def test_the_share_of_tissue_is_read_whatever_the_shading() -> None:
    subject = made_up(160)
    magnitude = np.abs(subject.image)
    tissue = TissueShare.of(magnitude, subject.inside)
    # ventricles 0.15, white matter 0.65, grey matter between them counts in part
    true = float(np.clip((magnitude - 0.15) / 0.5, 0, 1)[subject.inside].mean())
    assert tissue.read(magnitude) == pytest.approx(true, abs=0.04)
    shaded = magnitude * np.linspace(0.8, 1.2, 160)[:, None]
    assert tissue.read(shaded) == pytest.approx(tissue.read(magnitude), abs=0.005)


def test_larger_ventricles_are_a_loss_of_tissue() -> None:
    subject = made_up(160)
    tissue = TissueShare.of(np.abs(subject.image), subject.inside)
    before, after = (tissue.read(np.abs(image)) for image in (subject.image, shrunken(subject, subject.image)))
    assert -0.03 < after / before - 1 < -0.001


def test_bias_repeat_and_change_are_percent_of_the_share() -> None:
    readings = [Reading(0, before, 0.995 * before, 0.8, -0.004) for before in (0.808, 0.804)]
    found = measures(readings)
    assert found["brain fraction, bias"]["signed"] == pytest.approx(0.75)
    assert found["brain fraction, bias"]["outcome"] == "FAIL"
    spread = 100 * np.std([0.808, 0.804], ddof=1) / 0.806 / np.sqrt(10)
    assert found["brain fraction, repeat"]["value"] == pytest.approx(spread, abs=1e-4)
    assert found["brain fraction, change"]["signed"] == pytest.approx(-0.1)
    assert measures(readings[:1])["brain fraction, repeat"]["outcome"] == "not measured"
