"""The methods that users would pick do what they are known to do."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from recon.backend.runtime import runtime_of
from recon.bench import peers, plots, table
from recon.bench.peers import bart, mr, other_gateways, scikit_image
from recon.bench.peers.apart import OwnProcess
from recon.bench.peers.method import Absent, MethodResult, best_of
from recon.bench.routes.network import weights_of
from recon.errors import InternalError
from recon.tasks.ct.sample import ct_volume
from recon.tasks.mr.sample import mr_slice
from recon.training.ct.metrics import psnr

needs_bart = pytest.mark.skipif(not bart.installed(), reason="NOT TESTED: bart is not installed")


def test_non_local_means_removes_noise() -> None:
    rng = np.random.default_rng(0)
    truth = np.zeros((64, 64))
    truth[20:40, 20:40] = 100
    noisy = truth + rng.normal(0, 25, truth.shape)
    assert psnr(scikit_image.non_local_means(noisy, 25.0), truth) > psnr(noisy, truth) + 5
    for as_called in (scikit_image.non_local_means_as_called, scikit_image.total_variation_as_called):
        assert psnr(as_called(noisy, float("nan")), truth) > psnr(noisy, truth) + 3


def test_the_best_parameter_is_the_one_that_counts() -> None:
    truth = np.zeros((8, 8), np.float32)
    found = best_of("shift", truth, lambda image: psnr(image, truth), np.add, (3.0, 1.0, 2.0))
    assert found.parameter == 1.0
    assert best_of("as called", truth, lambda image: psnr(image, truth), np.fmax, (float("nan"),)).parameter is None


def test_time_and_memory_are_those_of_the_call_alone() -> None:
    with OwnProcess() as call:
        slept, waited = call(time.sleep, 0.2)
        made, spent = call(eval, "len(b'x' * (700 << 20))")
    assert slept is None
    assert waited.seconds >= 0.2
    assert waited.cpu_s < 0.1
    assert made == 700 << 20
    assert 700 < spent.peak_mib < 1100


@needs_bart
def test_bart_beats_zero_filling_and_costs_what_its_programs_cost() -> None:
    truth, kspace = mr_slice(0, 64, 4)
    zero = mr.magnitude_psnr(mr.zero_filled(kspace), truth)
    found = best_of("BART", kspace, lambda image: mr.magnitude_psnr(image, truth), bart.l1_wavelet, (0.001, 0.003))
    assert found.quality > zero + 2
    assert found.parameter in (0.001, 0.003)
    assert found.cpu_s is not None
    assert found.cpu_s > 0
    with pytest.raises(InternalError, match="bart pics"):
        bart._pics(kspace, "--nonsense")


def test_what_is_loaded_into_a_process_of_its_own_is_small() -> None:
    """Otherwise the memory in the table would be that of what this house trains with."""
    code = "import sys, recon.bench.peers.scikit_image, recon.training.ct.classical; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert "skimage" in loaded
    assert not loaded & {"torch", "openvino"}


def test_files_for_bart_hold_what_was_given(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    array = (rng.normal(size=(3, 4, 1, 5)) + 1j * rng.normal(size=(3, 4, 1, 5))).astype(np.complex64)
    bart.write_cfl(tmp_path / "a", array)
    np.testing.assert_array_equal(bart.read_cfl(tmp_path / "a"), array)
    first = np.fromfile(tmp_path / "a.cfl", np.complex64)[:3]
    np.testing.assert_array_equal(first, array[:, 0, 0, 0])


def test_what_is_not_installed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    monkeypatch.setattr(other_gateways, "find_spec", lambda _: None)
    assert not bart.installed()
    assert "pip install" in str(other_gateways.pytriton(Path("model.onnx"), {}, "made"))
    row = {"input_quality": 1.0, "methods": [], "absent": [vars(Absent("BART", bart.MISSING))]}
    assert table.peer_rows(row)[0][:2] == ("BART", "NOT RUN: bart is not installed; apt-get install bart")


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


def test_quality_does_not_depend_on_the_unit() -> None:
    truth, kspace = mr_slice(0, 64, 4)
    image = mr.zero_filled(kspace)
    assert mr.magnitude_psnr(image, truth) == pytest.approx(mr.magnitude_psnr(1e-9 * image, truth), abs=0.01)


def test_sense_beats_zero_filling() -> None:
    truth, kspace = mr_slice(0, 64, 4)
    zero = mr.magnitude_psnr(mr.zero_filled(kspace), truth)
    assert mr.magnitude_psnr(mr.sense(kspace, 1e-3), truth) > zero + 2


def test_slices_of_a_series_differ() -> None:
    values = ct_volume(2, 3).values
    assert not np.array_equal(values[0], values[1])
    assert not np.array_equal(values[1], values[2])


def test_methods_in_table_and_plot(tmp_path: Path) -> None:
    rows = [vars(MethodResult("a", 30.0, 0.1, 5.0)), vars(MethodResult("recon", 35.0, 0.01, ours=True))]
    tasks = {"ct": {"measure": "PSNR, dB", "data": "made up", "input_quality": 28.0, "methods": rows, "absent": []}}
    plots.time_against_quality(peers.record(tasks), tmp_path / "peers.png")
    assert (tmp_path / "peers.png").stat().st_size > 5000
    assert table.peer_rows(tasks["ct"])[0][0] == "recon"


def test_tasks_with_peers_are_the_files_of_the_folder() -> None:
    assert set(peers.compared()) == {"ct", "mr"}
