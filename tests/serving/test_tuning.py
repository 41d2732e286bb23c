"""What was measured on this machine is obeyed by the model in Triton; what was measured elsewhere is refused."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from recon.backend.runtime import runtime_of
from recon.bench.processes import listener
from recon.bench.tuned import kept_records
from recon.cli.serve import _tuned
from recon.cli.session import own_service
from recon.client import Client
from recon.engine.limits import Limits
from recon.engine.repository import default_repository
from recon.errors import InvalidRequest
from recon.machine import describe
from recon.serving.server import Server
from recon.serving.settings import Settings
from recon.serving.triton.repository import models_in
from recon.serving.tuning import Tuning, read_tunings
from recon.serving.workers import HandedOn, shared
from recon.volumes import Geometry, Volume
from tests.conftest import body

pytestmark = pytest.mark.service

MODEL = "ct_denoise_light"
WORDS = "onnxruntime, threads: 1, instances: 2"
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a record for this machine and the shipped weights; keyword arguments replace parts of it."""
    (served,) = models_in(default_repository() / MODEL)

    def make(**changes: Any) -> Path:
        record = {
            "kind": "tune",
            "machine": describe(),
            "model": MODEL,
            "version": "1",
            "sha256": served.sha256,
            "choice": {"runtime": "onnxruntime", "threads": 1, "instances": 2, "ms": 9.0, "slices_per_s": 100.0},
        }
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.json"
        path.write_text(json.dumps({**record, **changes}))
        return path

    return make


def _recon(*words: object) -> str:
    command = [sys.executable, "-m", "recon.cli", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout


def _read(*paths: Path) -> list[Tuning]:
    repository = default_repository()
    models = [model for config in repository.glob("*/config.pbtxt") for model in models_in(config.parent)]
    return read_tunings(paths, models, repository)


def test_a_record_of_this_machine_is_taken(write: Write) -> None:
    assert _read(write()) == [Tuning(MODEL, "1", "onnxruntime", 1, 2)]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"machine": {**describe(), "cores": 999}}, "of another machine .cores: 999"),
        ({"machine": {}}, "does not describe its machine"),
        ({"model": "ct_unknown"}, "ct_unknown:1, which .* does not hold"),
        ({"version": "7"}, f"{MODEL}:7, which"),
        ({"sha256": "0" * 64}, "of other weights"),
        ({"kind": "serve"}, "no record of recon bench tune: kind"),
        ({"choice": {"runtime": "openvino", "threads": 0, "instances": 1}}, "choice.threads"),
        ({"choice": {"runtime": "openvino", "threads": 2, "requests": 1}}, "choice.instances"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(changes: dict[str, Any], words: str, write: Write) -> None:
    with pytest.raises(InvalidRequest, match=words) as error:
        _read(write(**changes))
    assert "\n" not in str(error.value)


def test_other_files_and_second_records_are_refused(write: Write, tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="can't read"):
        _read(tmp_path / "none.json")
    with pytest.raises(InvalidRequest, match="another record"):
        _read(write(), write())
    (cascades,) = models_in(default_repository() / "mr_unrolled")
    with pytest.raises(InvalidRequest, match="a file of its own"):
        _read(write(model="mr_unrolled", sha256=cascades.sha256))


def test_a_runtime_that_is_not_installed_is_refused(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InvalidRequest, match="onnxruntime, which is not installed"):
        _read(write())


def test_the_command_says_it_in_one_line(write: Write) -> None:
    for words in (("--tuning", write(sha256="0" * 64)), ("--triton", "127.0.0.1:1", "--tuning", write())):
        command = [sys.executable, "-m", "recon.cli", "serve", "--no-tune", "--listen", "127.0.0.1:0", *map(str, words)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert done.returncode == 2
        (line,) = done.stderr.strip().splitlines()
        assert line.startswith("recon: ")


@dataclass
class Idle:
    """A machine of which others take so much."""

    share: float


@pytest.fixture
def measured(write: Write, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """What would have been measured, on a machine of several cores."""
    asked: list[tuple[str, Any]] = []

    def measure(weights: Path, shapes: Any, **words: Any) -> dict[str, Any]:
        assert words["within_s"] <= 30
        assert not words["other_runtimes"]
        asked.append((weights.parents[1].name, shapes))
        (served,) = models_in(weights.parents[1])
        made: dict[str, Any] = json.loads(write(model=served.name, sha256=served.sha256).read_text())
        made["choice"] |= {"runtime": "openvino", "threads": 1, "alone": 2}
        return made

    monkeypatch.setattr("recon.bench.tuned.tune", measure)
    monkeypatch.setattr("recon.bench.tuned.settings", lambda **_: ["one", "another"])
    monkeypatch.setattr("recon.bench.tuned.OtherWork", lambda: Idle(0.0))
    monkeypatch.setattr("recon.bench.tuned._LOOK_S", 0.0)
    return asked


def test_a_record_is_made_once_for_a_machine_and_a_network(
    measured: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [kept_records(default_repository(), ["ct"], tmp_path / "kept") for _ in range(2)]
    assert found[0] == found[1]
    assert measured == [("ct_denoise", {"": [1, 1, 512, 512]}), (MODEL, {"": [1, 1, 512, 512]})]
    found[0][1].write_text(found[0][1].read_text()[:50])  # the machine went off as it was written
    assert kept_records(default_repository(), ["ct"], tmp_path / "kept", models=[MODEL]) == found[0][1:]
    assert measured[2:] == [(MODEL, {"": [1, 1, 512, 512]})]
    monkeypatch.setattr("recon.bench.tuned.describe", lambda: {**describe(), "cores": 77})
    assert kept_records(default_repository(), ["ct"], tmp_path / "kept") != found[0]


def test_two_processes_of_one_number_keep_their_records_at_a_time(
    measured: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As those of two containers have that share the folder: the second begins and ends while the first one writes."""
    write, others = Path.write_text, []

    def keep() -> list[Path]:
        return kept_records(default_repository(), ["ct"], tmp_path / "kept", models=[MODEL])

    def written(path: Path, content: str) -> int:
        count = write(path, content)
        if path.parent.name == "kept" and not others:
            others.append("the second")
            others[:] = keep()
        return count

    monkeypatch.setattr(Path, "write_text", written)
    assert keep() == others == list((tmp_path / "kept").iterdir())
    assert len(measured) == 2


def test_nothing_is_measured_where_there_is_no_choice_or_no_place(
    measured: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    said: list[str] = []
    assert kept_records(default_repository(), [], tmp_path / "file", said.append) == []
    assert "can't keep records" in said[0]
    assert "--no-tune" in said[0]
    monkeypatch.setattr("recon.bench.tuned.settings", lambda **_: ["one"])
    assert kept_records(default_repository(), [], tmp_path / "kept") == []
    assert not measured


def test_what_is_measured_beside_other_programs_is_not_kept(
    measured: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    for looks, times_measured in (((0.6,), 0), ((0.0, 0.6), 1)):
        shares = iter(looks)
        monkeypatch.setattr("recon.bench.tuned.OtherWork", lambda shares=shares: Idle(next(shares)))
        assert kept_records(default_repository(), [], tmp_path / "kept", said.append, models=[MODEL]) == []
        assert said[-1].startswith(f"{MODEL}: not tuned, other programs keep 60% of the cores busy")
        assert len(measured) == times_measured
    assert not list((tmp_path / "kept").iterdir())


def test_a_first_start_tunes_and_says_so(
    measured: list[Any],
    write: Write,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """As ``recon serve`` does unless told otherwise; a record that is given is not made again."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    given = write()
    found = _tuned(Settings(tasks=("ct",), tuning=(given,)))
    assert found.tuning[0] == given
    assert [tuning.model for tuning in _read(*found.tuning)] == [MODEL, "ct_denoise"]
    assert [name for name, _ in measured] == ["ct_denoise"]
    said = capsys.readouterr().err
    assert "ct_denoise: measuring which setting serves it best here" in said
    assert "tuned: ct_denoise: openvino, threads: 1, instances: 2, threads of a request alone: 2" in said
    assert str(tmp_path / "cache") in said


def test_paths_come_from_the_environment_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECON_TUNING", "/a/one.json:/b/two.json")
    assert Settings().tuning == (Path("/a/one.json"), Path("/b/two.json"))
    assert Settings(tuning=(Path("c"),)).tuning == (Path("c"),)


def test_enough_slices_are_under_way_for_all_instances(write: Write, tmp_path: Path) -> None:
    assert Limits(in_flight=1).for_instances(1).in_flight == 1
    many = Limits().for_instances(4)
    assert (many.in_flight, many.read_ahead, many.most_streams) == (5, 5, 32)

    async def made() -> Server:  # needs a running loop
        return Server(Settings(listen="127.0.0.1:0", tuning=(write(),), workers=2))

    server = asyncio.run(made())
    assert server.embedded is not None
    assert server.triton._permits["ct_denoise"]._value == 3
    server._hand_on(tmp_path / "handed-on")  # and in further gateways, whose part of the other bounds is the same
    told = Settings(**HandedOn.read(tmp_path / "handed-on").settings).limits
    assert told == shared(Settings(workers=2)).limits.for_instances(2)
    shutil.rmtree(server.embedded._folder)


def test_the_backend_runs_with_the_threads_it_is_told() -> None:
    weights = default_repository() / MODEL / "1" / "model.onnx"
    image = np.zeros((1, 1, 64, 64), np.float32)
    answers = []
    for runtime in ("openvino", "onnxruntime"):
        network = runtime_of(weights, runtime, 1)
        answers.append(network({"hu": image}, ["noise_and_half_width"])[0].copy())
        if runtime == "openvino":
            compiled = next(iter(network.compiled.values())).get_compiled_model()
            assert compiled.get_property("INFERENCE_NUM_THREADS") == 1
        else:
            assert network.session.get_session_options().intra_op_num_threads == 1
    assert answers[0].shape == answers[1].shape


def test_the_real_service_runs_the_model_so_and_says_so(write: Write, real_ct: Path, tmp_path: Path) -> None:
    volume = Volume(np.stack([body(128, 20, seed) for seed in range(4)]), Geometry.from_spacing(0.7, 0.7, 3.0))
    with own_service("--task", "ct", "--tuning", str(write())) as address, Client(address) as client:
        client.wait_ready(30)
        tuned = {model.name: model.tuning for model in client.models()}
        assert tuned == {MODEL: WORDS, "ct_denoise": ""}
        for name, words in tuned.items():
            run = client.denoise_ct(volume, model=name)
            assert len(list(run)) == 4
            assert run.model is not None
            assert run.model.tuning == words
        assert WORDS in _recon("models", "--server", address)
        _recon("ct", real_ct, "-o", tmp_path / "out", "--model", MODEL, "--server", address)
        (report,) = (tmp_path / "out").glob("*/report.json")
        assert json.loads(report.read_text())["model"]["tuning"] == WORDS
        gateway = listener(address)
        assert gateway is not None
        stubs = [p.pid for p in psutil.Process(gateway).children(recursive=True) if "stub" in p.name()]
        loaded = [Path(f"/proc/{pid}/maps").read_text() for pid in stubs]
        # two processes with the one runtime, one with the other: nothing else was loaded
        assert sorted("onnxruntime" in maps for maps in loaded) == [False, True, True]
        assert sorted("openvino" in maps for maps in loaded) == [False, False, True]
