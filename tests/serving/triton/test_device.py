"""Where models run: what the machine has decides, unless it is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from recon.engine.repository import default_repository
from recon.errors import InvalidRequest
from recon.serving.triton import device
from recon.serving.triton.device import Device, missing_for_gpu, on_gpu
from recon.serving.triton.repository import tuned_repository
from recon.serving.tuning import Tuning


def test_without_a_gpu_models_run_on_the_processor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "no NVIDIA GPU" in missing_for_gpu(tmp_path / "nvidia0")
    monkeypatch.setattr(device, "missing_for_gpu", lambda: "this machine has no NVIDIA GPU")
    assert not on_gpu(Device.AUTO, tuned=False)
    assert not on_gpu(Device.CPU, tuned=False)
    with pytest.raises(InvalidRequest, match="--device gpu: this machine has no NVIDIA GPU"):
        on_gpu(Device.GPU, tuned=False)


def test_a_gpu_needs_an_onnx_runtime_with_cuda(tmp_path: Path) -> None:
    (tmp_path / "nvidia0").touch()
    assert "onnxruntime-gpu" in missing_for_gpu(tmp_path / "nvidia0")


def test_with_a_gpu_it_is_taken_unless_settings_of_the_processor_are_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "missing_for_gpu", lambda: "")
    assert on_gpu(Device.AUTO, tuned=False)
    assert on_gpu(Device.GPU, tuned=False)
    assert not on_gpu(Device.AUTO, tuned=True)
    assert not on_gpu(Device.CPU, tuned=False)
    with pytest.raises(InvalidRequest, match="--tuning"):
        on_gpu(Device.GPU, tuned=True)


def test_on_a_gpu_every_instance_is_of_its_kind(tmp_path: Path) -> None:
    repository = default_repository()
    made = tuned_repository(repository, tmp_path / "made", [], gpu=True)
    folders = sorted(path.name for path in repository.glob("*/config.pbtxt"))
    texts = [path.read_text() for path in made.glob("*/config.pbtxt")]
    assert len(texts) == len(folders)
    assert all("KIND_GPU" in text and "KIND_CPU" not in text for text in texts)
    assert (made / "mr_unrolled" / "1").samefile(repository / "mr_unrolled" / "1")
    kept = tuned_repository(repository, tmp_path / "tuned", [Tuning("ct_denoise", "1", "openvino", 1, 2)])
    assert "KIND_CPU" in (kept / "ct_denoise" / "config.pbtxt").read_text()
