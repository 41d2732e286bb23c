"""A site's own task: its package and an entry point, and command, service, batch and benchmark have it.

Nothing of the product is edited or patched: every step is a process of its own that finds the task as it
would find any distribution's.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from recon.backend.configuration import Entry, ModelConfig, write_config

pytestmark = pytest.mark.service
ROOT = Path(__file__).parents[1]
#: What multiplies, as Triton's Python backend runs it.
MODEL = """
import numpy as np
import triton_python_backend_utils as pb_utils

class TritonPythonModel:
    def execute(self, requests):
        answers = []
        for request in requests:
            wave, gain = (pb_utils.get_input_tensor_by_name(request, n).as_numpy() for n in ("wave", "gain"))
            product = (np.hypot(wave[..., 0], wave[..., 1]) * gain).astype(np.float32)
            answers.append(pb_utils.InferenceResponse([pb_utils.Tensor("product", product)]))
        return answers
"""


@dataclass(frozen=True)
class Site:
    """An installation with one more task, and its running service."""

    environment: dict[str, str]
    address: str

    def recon(self, *words: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "recon.cli", *map(str, words)],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=200,
        )


def toy_site(folder: Path, task: str, code: str) -> dict[str, str]:
    """Environment of an installation with one more task, named as an entry point names it, and a model for it."""
    info = folder / "packages" / "site_toy-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: site-toy\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[recon.tasks]\ntoy = {task}\n")
    model = folder / "models" / "multiply"
    (model / "1").mkdir(parents=True)
    (model / "1" / "model.py").write_text(code)
    inputs = [Entry("wave", (-1, -1, 2)), Entry("gain", (-1, -1))]
    config = ModelConfig("toy", "Multiplies", "", inputs, [Entry("product", (-1, -1))], is_default=True)
    write_config(model, "1", config, ["model.py"], 1.0, "")
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(info.parent), str(ROOT)]),
        "RECON_REPOSITORY": str(folder / "models"),
    }


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    environment = toy_site(folder, "tests.toy:TASK", MODEL)
    serving = [sys.executable, "-m", "recon.cli", "serve", "--no-tune", "--listen", "127.0.0.1:0"]
    log = folder / "log.txt"
    with log.open("w") as file:
        process = subprocess.Popen(serving, env=environment, stdout=subprocess.PIPE, stderr=file, text=True)
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith("recon is ready on "), log.read_text()
            yield Site(environment, line.removeprefix("recon is ready on ").strip())
        finally:
            process.terminate()
            try:
                process.communicate(timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()


def _wave(path: Path, seed: int = 0) -> np.ndarray:
    values = np.random.default_rng(seed).uniform(0, 50, (24, 20, 3)).astype(np.float32)
    nib.save(nib.Nifti1Image(values, np.diag([1.0, 1.0, 2.0, 1.0])), path)
    return values


def test_the_command_has_it_with_its_options(site: Site, tmp_path: Path) -> None:
    assert "--factor" in site.recon("toy", "--help").stdout
    values = _wave(tmp_path / "wave.nii.gz")
    done = site.recon(
        "toy", tmp_path / "wave.nii.gz", "-o", tmp_path / "out", "--factor", 2, "--server", site.address, "--json"
    )
    assert done.returncode == 0, done.stderr
    (report,) = json.loads(done.stdout)["results"]
    assert (report["task"], report["model"]["name"], report["verdict"]) == ("toy", "multiply", "PASS")
    assert report["parameters"]["factor"] == 2
    image = nib.load(tmp_path / "out" / "wave" / "image.nii.gz").get_fdata()
    np.testing.assert_allclose(image, 2 * values, rtol=1e-5)
    wrong = site.recon("toy", tmp_path / "wave.nii.gz", "-o", tmp_path / "out", "--factor", -1)
    assert wrong.returncode == 2


def test_the_service_lists_its_model(site: Site) -> None:
    done = site.recon("models", "--server", site.address, "--json")
    assert [(model["name"], model["task"]) for model in json.loads(done.stdout)["models"]] == [("multiply", "toy")]


def test_the_batch_finds_its_scans_and_takes_its_options(site: Site, tmp_path: Path) -> None:
    (tmp_path / "archive").mkdir()
    values = _wave(tmp_path / "archive" / "wave_1.nii.gz")
    _wave(tmp_path / "archive" / "other.nii.gz", seed=1)
    (tmp_path / "run.yaml").write_text("inputs: archive\ntasks:\n  toy: {factor: 3}\n")
    done = site.recon(
        "batch", "run", tmp_path / "run.yaml", "-o", tmp_path / "out", "--server", site.address, "--settle", 0
    )
    assert done.returncode == 0, done.stderr
    (folder,) = (path.parent for path in (tmp_path / "out").glob("*/report.json"))
    assert json.loads((folder / "report.json").read_text())["task"] == "toy"
    np.testing.assert_allclose(nib.load(folder / "image.nii.gz").get_fdata(), 3 * values, rtol=1e-5)
    (tmp_path / "bad.yaml").write_text("inputs: archive\ntasks:\n  toy: {strength: 3}\n")
    bad = site.recon("batch", "run", tmp_path / "bad.yaml", "-o", tmp_path / "bad", "--server", site.address)
    assert bad.returncode == 2
    assert "toy has no option 'strength'; known are model, model_version, timeout_s, factor" in bad.stderr


def test_the_benchmark_measures_it(site: Site, tmp_path: Path) -> None:
    done = site.recon(
        "bench",
        "serve",
        "--task",
        "toy",
        "--route",
        "gateway",
        "--server",
        site.address,
        "-o",
        tmp_path,
        "--blocks",
        1,
        "--requests",
        2,
        "--concurrency",
        1,
        "--rate",
        2,
        "--series",
        3,
        "--no-self-test",
    )
    found = json.loads((tmp_path / "serve.json").read_text())
    assert not found["problems"], done.stdout + done.stderr
    assert (found["settings"]["model"], found["settings"]["image"]) == ("multiply", "64 x 48")
    assert {cell["route"] for cell in found["cells"]} == {"gateway"}
    assert not any(any(block["problem"]) for cell in found["cells"] for block in cell["blocks"])
