"""On a Dask cluster: dead workers condemn nobody, nothing is published twice, no workers is no failure."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from recon.batch.archive import resume
from recon.batch.cluster import ClusterExecutor, cluster_executor
from recon.batch.items import Item
from recon.batch.runner import RunSettings
from recon.batch.spec import Spec
from recon.batch.verify import verify
from recon.errors import ServiceUnavailable, UnusableData
from tests.batch.archives import FakeExecutor, connecting, report_of, run, write_nifti, write_result

pytestmark = pytest.mark.service

dask = pytest.importorskip("dask")

distributed = pytest.importorskip("distributed")

_SETTINGS = RunSettings(in_flight=4, attempts=3, patience_s=30.0, grace_s=5.0, backoff_s=0.05)


class _Work:
    """Picklable: writes a result, keeps a line of every execution, and may kill its worker."""

    def __init__(self, log: Path, delay_s: float = 0.0, deadly: str = "", times: int = 0) -> None:
        self._log, self._delay_s, self._deadly, self._times = str(log), delay_s, deadly, times

    def __call__(self, item: Item, folder: Path) -> dict[str, Any]:
        with open(self._log, "a") as log:
            log.write(f"{item.name}\n")
        if item.name == self._deadly and Path(self._log).read_text().split().count(item.name) <= self._times:
            os.kill(os.getpid(), signal.SIGKILL)
        if "broken" in item.name:
            raise UnusableData("its samples are all NaN")
        time.sleep(self._delay_s)
        write_result(item, folder)
        return report_of(item)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
    ) as made:
        yield made


@pytest.fixture
def client(cluster: Any) -> Iterator[Any]:
    with distributed.Client(cluster, set_as_default=False) as made:
        made.wait_for_workers(2, timeout=60)
        yield made


def _archive(folder: Path, number: int) -> Path:
    for index in range(number):
        write_nifti(folder / f"n{index:02d}.nii", seed=index)
    return folder


def test_a_worker_killed_in_the_middle(client: Any, tmp_path: Path) -> None:
    archive, log = _archive(tmp_path / "a", 12), tmp_path / "log"
    write_nifti(archive / "broken.nii", seed=99)
    pids = list(client.run(os.getpid).values())

    def kill() -> None:
        while not log.exists() or len(log.read_text().split()) < 5:
            time.sleep(0.01)
        os.kill(pids[0], signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    counts = run(archive, tmp_path / "out", ClusterExecutor(client, _Work(log, 0.05)), settings=_SETTINGS)
    killer.join()
    assert (counts["done"], counts["failed"], counts["pending"]) == (12, 1, 0)
    # only what the dead worker had was done again
    assert len(log.read_text().split()) <= 13 + 3
    found = verify(tmp_path / "out")
    assert (found.checked, found.wrong, found.unknown) == (12, {}, [])


def test_an_item_that_kills_four_workers_condemns_no_other(client: Any, tmp_path: Path) -> None:
    archive, log = _archive(tmp_path / "a", 6), tmp_path / "log"
    executor = ClusterExecutor(client, _Work(log, 0.02, deadly="n02", times=4))
    # a new worker takes its time on a busy machine, and four come one after the other
    counts = run(archive, tmp_path / "out", executor, settings=replace(_SETTINGS, patience_s=240.0))
    assert (counts["done"], counts["failed"]) == (6, 0)
    assert verify(tmp_path / "out").wrong == {}


def test_no_workers_is_said_and_resumable(tmp_path: Path) -> None:
    archive = _archive(tmp_path / "a", 2)
    said: list[str] = []
    with (
        distributed.LocalCluster(n_workers=0, dashboard_address=None, host="127.0.0.1") as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        executor = ClusterExecutor(client, _Work(tmp_path / "log"), said.append)
        with pytest.raises(ServiceUnavailable):
            executor.ready(0.1)
        counts = run(archive, tmp_path / "out", executor, settings=RunSettings(2, patience_s=0.2, backoff_s=0.01))
    assert said == ["the cluster has no workers; waiting for one"]
    assert (counts["pending"], counts["failed"], counts["exit_status"]) == (2, 0, 1)
    assert "no workers" in counts["stopped"]
    assert resume(tmp_path / "out", connecting(FakeExecutor()))["done"] == 2


def test_workers_that_all_leave_stop_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recon.batch.cluster._LOOK_S", 0.5)
    archive, log = _archive(tmp_path / "a", 2), tmp_path / "log"
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
        ) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        client.wait_for_workers(1, timeout=60)

        def leave() -> None:
            while not log.exists():
                time.sleep(0.01)
            cluster.scale(0)

        leaving = threading.Thread(target=leave)
        leaving.start()
        settings = RunSettings(2, patience_s=0.5, backoff_s=0.01)
        counts = run(archive, tmp_path / "out", ClusterExecutor(client, _Work(log, 3.0)), settings=settings)
        leaving.join()
    assert (counts["pending"], counts["failed"], counts["running"]) == (2, 0, 0)
    assert "no workers" in counts["stopped"]


@pytest.fixture
def fake_slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folder of an `sbatch` that notes a line and starts the job at once, and a `scancel` that ends it."""
    pytest.importorskip("dask_jobqueue")
    commands = tmp_path / "bin"
    commands.mkdir()
    # the script is read first: Dask deletes it as soon as it is submitted
    start = 'script=$(cat "$1"); setsid bash -c "$script" >/dev/null 2>&1 &'
    scripts = {
        "sbatch": f'{start} echo $! >> {commands}/jobs; echo "Submitted batch job $!"',
        "scancel": 'kill -- "-$1"',
    }
    for name, script in scripts.items():
        (commands / name).write_text(f"#!/bin/bash\n{script}\n")
        (commands / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{commands}:{os.environ['PATH']}")
    return commands


def _slurm_spec() -> Spec:
    loopback = ["--host", "127.0.0.1", "--dashboard-address", "127.0.0.1:0"]
    options = {"host": "127.0.0.1", "dashboard_address": "127.0.0.1:0"}
    slurm = {"workers": 1, "memory": "1 GiB", "worker_extra_args": loopback, "scheduler_options": options}
    return Spec(inputs=[], servers=["127.0.0.1:1"], slurm=slurm)


def test_a_job_that_slurm_ended_is_submitted_anew(fake_slurm: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recon.batch.cluster._LOOK_S", 0.2)
    jobs = fake_slurm / "jobs"
    with (
        dask.config.set({"distributed.deploy.lost-worker-timeout": "0.2s"}),
        cluster_executor(_slurm_spec(), None, lambda words: None) as executor,
    ):
        executor.ready(30)
        subprocess.run(["scancel", jobs.read_text().split()[0]], check=False)
        deadline = time.monotonic() + 30
        while len(jobs.read_text().split()) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        executor.ready(30)


def _listening(pid: int) -> set[str]:
    """Addresses on which a process and its children listen."""
    family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    connections = [c for process in family for c in process.net_connections("tcp") if c.status == psutil.CONN_LISTEN]
    return {connection.laddr.ip for connection in connections}


def test_slurm_workers_are_encrypted_and_listen_where_they_must(
    fake_slurm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # where the certificates go for a while
    before = _listening(os.getpid())
    slurm = {"workers": 1, "memory": "1 GiB", "scheduler_options": {"host": "127.0.0.1"}}
    with cluster_executor(Spec([], ["127.0.0.1:1"], slurm=slurm), None, lambda words: None) as executor:
        executor.ready(60)
        address = executor._client.scheduler.address  # type: ignore[attr-defined]
        assert address.startswith("tls://127.0.0.1:")
        assert executor._client.submit(abs, -3).result(30) == 3  # type: ignore[attr-defined]
        assert _listening(int((fake_slurm / "jobs").read_text().split()[0])) == {"127.0.0.1"}
        assert _listening(os.getpid()) - before <= {"127.0.0.1"}
        for other in (address.replace("tls", "tcp"), address):  # in the clear, and encrypted by a stranger
            stranger = None if other.startswith("tcp") else distributed.Security.temporary()
            with pytest.raises((OSError, TimeoutError)):
                distributed.Client(other, security=stranger, timeout=3, set_as_default=False)
        assert all(path.stat().st_mode & 0o077 == 0 for path in tmp_path.glob("*tls*"))


def test_a_refusal_by_slurm_is_said_in_its_words(fake_slurm: Path) -> None:
    (fake_slurm / "sbatch").write_text("#!/bin/sh\necho 'sbatch: error: invalid partition specified' >&2; exit 1\n")
    with (
        pytest.raises(ServiceUnavailable, match="Slurm took no job: sbatch: error: invalid partition"),
        cluster_executor(_slurm_spec(), None, lambda words: None),
    ):
        pass
