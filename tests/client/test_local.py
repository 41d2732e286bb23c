"""The whole task in one process: the same calls, the same images, the same errors, and nothing left behind."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np
import pytest

import recon
from recon.client import Client
from recon.client.local import Local
from recon.errors import DeadlineExceeded, InvalidRequest, UnknownModel, UnusableData
from recon.quality.survival import Least, Lesion
from recon.quality.verdict import Verdict
from recon.values.readouts import KSpace, Readouts
from recon.volumes import Geometry, Volume
from tests.conftest import body, head, multicoil


@pytest.fixture(scope="module")
def here() -> Iterator[Local]:
    with recon.local() as local:
        yield local


def _thorax(slices: int = 3) -> Volume:
    return Volume(np.stack([body(128, 20, seed) for seed in range(slices)]), Geometry.from_spacing(0.7, 0.7, 3.0))


def test_a_series_comes_back_in_order_with_interval_and_verdict(here: Local) -> None:
    volume = _thorax()
    run = here.denoise_ct(volume, model="ct_denoise_light")
    results = list(run)
    assert [result.index for result in results] == [0, 1, 2]
    truth = body(128, 0)
    tissue = (truth > -200) & (truth < 200)
    for result, before in zip(results, volume.values, strict=True):
        assert (result.image - truth)[tissue].std() < 0.8 * (before - truth)[tissue].std()
        assert result.uncertainty[tissue].min() > 0
        assert {check.name for check in result.checks} >= {"noise_level", "removed_looks_like_noise"}
    assert run.model is not None
    assert run.model.name == "ct_denoise_light"
    assert run.report is not None
    assert run.report.timings_ms["network_ms"] > 0


def test_the_report_says_what_became_of_known_lesions(here: Local) -> None:
    volume = Volume(np.stack([body(256, 20, seed) for seed in range(2)]), Geometry.from_spacing(0.7, 0.7, 3.0))
    run = here.denoise_ct(volume, model="ct_denoise_light")
    plain = list(run)
    assert run.report is not None
    found = {str(one.lesion): one for one in run.report.probes}
    largest = found["6 mm lesion of 20 HU"]
    assert largest.places >= 4
    assert 0.3 < largest.p10 <= largest.median <= largest.p90 < 1.2
    (check,) = [check for check in run.report.checks if check.name == "lesions_survive"]
    assert check.value == pytest.approx(largest.median)
    assert run.report.timings_ms["probe_ms"] > 0
    without = here.denoise_ct(volume, model="ct_denoise_light", probes="off")
    for one, other in zip(plain, without, strict=True):  # they are in no image
        np.testing.assert_array_equal(one.image, other.image)
    assert without.report is not None
    assert without.report.probes == []
    assert "lesions_survive" not in {check.name for check in without.report.checks} | set(without.declared_checks)


def test_a_strength_is_chosen_by_what_a_lesion_keeps(here: Local) -> None:
    volume = Volume(np.stack([body(256, 20, seed) for seed in range(2)]), Geometry.from_spacing(0.7, 0.7, 3.0))
    least = Least(Lesion(3, 20, "HU"), 0.95)
    run = here.denoise_ct(volume, model="ct_denoise_light", strength="auto", least=least)
    smoothed = list(run)
    assert run.model is not None
    assert run.report is not None
    chosen = run.model.strength
    assert chosen is not None
    assert chosen.full is not None
    assert 0 < chosen.strength < 1
    assert chosen.strength == pytest.approx(0.05 / (1 - chosen.full.median), abs=0.011)
    (check,) = [check for check in run.report.checks if check.name == "lesions_survive"]
    assert check.value == pytest.approx(1 - chosen.strength * (1 - chosen.full.median), abs=1e-6)
    assert check.outcome is Verdict.PASS
    # as if it had been asked for, and the probes of that run find the same
    again = here.denoise_ct(volume, model="ct_denoise_light", strength=chosen.strength, least=least)
    for one, other in zip(smoothed, again, strict=True):
        np.testing.assert_array_equal(one.image, other.image)
    assert again.report is not None
    assert again.report.probes[0].median == pytest.approx(check.value, abs=0.01)
    with pytest.raises(InvalidRequest, match="chosen by probes"):
        list(here.denoise_ct(volume, strength="auto", probes="off"))


def test_a_map_shows_where_the_lesion_survives(here: Local) -> None:
    volume = Volume(np.stack([body(256, 20, seed) for seed in range(2)]), Geometry.from_spacing(0.7, 0.7, 3.0))
    run = here.denoise_ct(volume, model="ct_denoise_light", survival=True)
    plain = here.denoise_ct(volume, model="ct_denoise_light", probes="off")
    first, second = run
    for one, other in zip((first, second), plain, strict=True):
        np.testing.assert_array_equal(one.image, other.image)
        np.testing.assert_array_equal(one.uncertainty, other.uncertainty)
    assert "SURVIVAL" not in first.extra  # the one in the middle is probed
    kept = second.extra["SURVIVAL"]
    known = np.isfinite(kept)
    assert 0.05 < known.mean() < 0.9
    assert run.report is not None
    (of_lesion,) = run.report.probes
    assert str(of_lesion.lesion) == "6 mm lesion of 20 HU"
    assert of_lesion.p10 - 0.1 < np.median(kept[known]) < of_lesion.p90 + 0.1
    assert (volume.values[1] > -500)[known].mean() > 0.9  # in the body


def test_a_map_of_k_space_lies_in_the_image(here: Local) -> None:
    data = multicoil(head((128, 128)), 4, noise=0.002)
    mask = np.zeros((128, 128), bool)
    mask[:, ::2] = mask[:, 52:76] = True
    kspace = KSpace(1, 4, 128, 128, Geometry.from_spacing(1.0, 1.0, 4.0), lambda _: Readouts.of_grid(data, mask))
    run = here.reconstruct_mr(kspace, model="sense", survival=True)
    (result,) = run
    assert run.report is not None
    (kept,) = run.report.probes
    assert str(kept.lesion) == "4 mm lesion of 40 %"
    known = np.isfinite(result.extra["SURVIVAL"])
    assert result.extra["SURVIVAL"].shape == result.image.shape
    assert 0.02 < known.mean() < 0.8
    assert kept.p10 - 0.1 < np.median(result.extra["SURVIVAL"][known]) < kept.p90 + 0.1


def test_its_models_are_those_of_the_repository(here: Local) -> None:
    served = {model.name: model for model in here.models()}
    assert {"ct_denoise", "zero-filled", "sense", "contrast_enhance"} <= set(served)
    assert all(model.sha256 and model.ready for model in served.values())


def test_errors_are_those_of_the_service(here: Local) -> None:
    volume = _thorax(2)
    with pytest.raises(InvalidRequest, match="strength is 2") as caught:
        list(here.denoise_ct(volume, strength=2.0))
    assert caught.value.field == "strength"
    with pytest.raises(UnknownModel, match="no ct model nonsense"):
        list(here.denoise_ct(volume, model="nonsense"))
    volume.values[1, 5, 5] = np.nan
    run = here.denoise_ct(volume, model="ct_denoise_light")
    assert next(run).index == 0
    with pytest.raises(UnusableData, match="slice 1 has 1 NaN"):
        next(run)


def test_cancelling_ends_the_stream_and_its_threads(here: Local) -> None:
    run = here.denoise_ct(_thorax(400), model="ct_denoise_light")
    next(run)
    threading.Timer(0.2, run.cancel).start()
    with pytest.raises(DeadlineExceeded, match="cancelled"):
        list(run)
    assert len(list(here.denoise_ct(_thorax(1), model="ct_denoise_light"))) == 1


def test_a_series_that_takes_too_long_is_ended(here: Local) -> None:
    with pytest.raises(DeadlineExceeded):
        list(here.denoise_ct(_thorax(40), model="ct_denoise_light", timeout_s=0.02))


def test_closing_ends_what_is_under_way() -> None:
    local = recon.local()
    run = local.denoise_ct(_thorax(20), model="ct_denoise_light")
    next(run)
    before = threading.active_count()
    local.close()
    local.close()
    assert threading.active_count() < before
    with pytest.raises(DeadlineExceeded, match="cancelled"):
        list(run)


@pytest.mark.service
def test_images_are_those_of_the_service_to_the_bit(here: Local, client: Client) -> None:
    volume = _thorax(2)
    data = multicoil(head((96, 96)), 4, noise=0.005)
    mask = np.zeros((96, 96), bool)
    mask[:, ::2] = True
    kspace = KSpace(1, 4, 96, 96, Geometry.from_spacing(2.0, 2.0, 4.0), lambda _: Readouts.of_grid(data, mask))
    for task, inputs, model in (("ct", volume, "ct_denoise"), ("mr", kspace, "zero-filled"), ("mr", kspace, "sense")):
        ours, theirs = (list(calls.run(task, inputs, model=model)) for calls in (here, client))
        for one, other in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(one.image, other.image)
            np.testing.assert_array_equal(one.uncertainty, other.uncertainty)
            assert one.checks == other.checks
