"""The same items on a Dask cluster: workers compute, the coordinator alone keeps the ledger and renames.

Retries belong to the ledger and not to Dask: every task is submitted once and its future is released as
soon as it ends, so that the death of a worker never runs finished work again. An item whose worker died
is a suspect and runs alone afterwards, so that it can't take healthy ones with it.
"""

from __future__ import annotations

import shutil
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from recon.batch.cluster_network import in_the_clear, security_of, slurm_options
from recon.batch.execute import Executor, NothingToDo, WorkerLost, perform
from recon.batch.items import Item
from recon.batch.spec import Spec
from recon.client import Client, Tls
from recon.errors import (
    InvalidRequest,
    MissingExtra,
    ReconError,
    ServiceUnavailable,
    error_from_reason,
    one_line,
    reason_of,
    with_extra,
)

Work = Callable[[Item, Path], dict[str, Any]]
_LOOK_S = 5.0  # how often to look for jobs that ended, and for workers that are left
_NO_WORKERS = "the cluster has no workers; start some, then resume"


class ClusterExecutor:
    """Items on the workers of a cluster that shares the output folder's file system.

    Parameters
    ----------
    client
        ``distributed.Client``.
    work
        What a worker does with an item and a folder; must be picklable.
    say
        Told what a person should know.
    """

    def __init__(self, client: Any, work: Work, say: Callable[[str], None] = lambda words: None) -> None:
        self._client, self._work, self._say = client, work, say
        self._said_at = 0.0

    def ready(self, wait_s: float) -> None:
        """Wait until there is a worker."""
        deadline = time.monotonic() + wait_s
        while not self._workers():
            if time.monotonic() >= deadline:
                if time.monotonic() - self._said_at > 30:
                    self._said_at = time.monotonic()
                    self._say("the cluster has no workers; waiting for one")
                raise ServiceUnavailable(_NO_WORKERS)
            time.sleep(0.05)

    def run(self, item: Item, folder: Path) -> dict[str, Any]:
        """One task; the worker writes into a folder that no other execution of it shares."""
        from distributed import CancelledError, KilledWorker

        if not self._workers():
            raise ServiceUnavailable(_NO_WORKERS)
        key = f"recon-{item.number}-{uuid.uuid4().hex}"
        where = str(folder.absolute())  # a worker may have another current folder
        future = self._client.submit(_on_worker, self._work, item, where, key=key, retries=0, pure=False)
        try:
            kind, content, place = self._result(future)
        except KilledWorker as error:
            raise WorkerLost("the worker that had it died") from error
        except (CancelledError, OSError) as error:  # the scheduler is gone, or was told to forget
            raise ServiceUnavailable("the cluster's scheduler is away") from error
        finally:
            with suppress(Exception):
                future.release()
        if kind != "report":
            raise NothingToDo(content) if kind == "NothingToDo" else error_from_reason(kind)(content)
        made = Path(place)
        for path in sorted(made.iterdir()):
            path.rename(folder / path.name)
        # executions whose worker was lost may have left folders of their own
        for other in folder.glob(".execution-*"):
            shutil.rmtree(other, ignore_errors=True)
        return dict(content)

    def _result(self, future: Any) -> Any:
        """What a task returns; Dask alone would wait for ever for a worker to come."""
        while True:
            try:
                return future.result(timeout=_LOOK_S)
            except TimeoutError:
                if not self._workers():
                    raise ServiceUnavailable(_NO_WORKERS) from None

    def close(self) -> None:
        """Let go of the cluster, which goes on without."""
        with suppress(Exception):
            self._client.close(timeout=5)

    def _workers(self) -> bool:
        try:
            return bool(self._client.scheduler_info(n_workers=-1)["workers"])
        except TypeError:  # releases before 2025.4 have no such parameter
            return bool(self._client.scheduler_info()["workers"])
        except Exception:
            return False


class ServiceWork:
    """What a worker does: the item, at one of the services.

    Parameters
    ----------
    servers
        HOST:PORT of each.
    options
        By task.
    tls
        Files (PEM), at the same place on every worker.
    """

    def __init__(self, servers: list[str], options: Mapping[str, Any], tls: Tls | None = None) -> None:
        self._servers, self._options, self._tls = servers, dict(options), tls

    def __call__(self, item: Item, folder: Path) -> dict[str, Any]:
        """Do one item; a connection of its own, since workers come and go."""
        server = self._servers[(item.number + item.attempts) % len(self._servers)]
        with Client(server, self._tls) as client:
            client.wait_ready(15.0)
            return perform(client, item, folder, self._options)


@contextmanager
def cluster_executor(spec: Spec, tls: Tls | None, say: Callable[[str], None]) -> Iterator[Executor]:
    """Connect to the cluster that a specification names, or start workers with Slurm.

    Raises
    ------
    MissingExtra
        When Dask or dask-jobqueue is not installed.
    ServiceUnavailable
        When the scheduler doesn't answer, or Slurm takes no job.
    """
    try:
        import distributed
    except ModuleNotFoundError:
        raise MissingExtra(with_extra("a cluster needs Dask", "cluster")) from None
    security = security_of(spec.cluster, tls) if spec.cluster else None
    if in_the_clear(spec.cluster):
        say(f"{spec.cluster} is not encrypted: paths, options and reports travel in the clear")
    with _cluster(spec) as address:
        try:
            client = distributed.Client(address, timeout=15, set_as_default=False, security=security)
        except (OSError, TimeoutError) as error:
            raise ServiceUnavailable(f"no Dask scheduler answers at {spec.cluster or 'Slurm'}") from error
        executor = ClusterExecutor(client, ServiceWork(spec.servers, spec.tasks, tls), say)
        try:
            yield executor
        finally:
            executor.close()


@contextmanager
def _cluster(spec: Spec) -> Iterator[Any]:
    if not spec.slurm:
        yield spec.cluster
        return
    try:
        from dask_jobqueue import SLURMCluster
    except ModuleNotFoundError:
        raise MissingExtra(with_extra("--slurm needs dask-jobqueue", "cluster")) from None
    options = slurm_options(spec.slurm)
    workers = int(options.pop("workers", 1))
    try:
        cluster = SLURMCluster(**options)
    except (TypeError, ValueError) as error:
        raise InvalidRequest(f"slurm: {error}") from error
    try:
        try:
            cluster.sync(_keep_jobs, cluster, workers)
        except (RuntimeError, OSError) as error:  # sbatch refuses, or is not there
            words = str(error).strip().splitlines() or [type(error).__name__]
            raise ServiceUnavailable(f"Slurm took no job: {words[-1]}") from error
        yield cluster
    finally:
        cluster.close()


async def _keep_jobs(cluster: Any, jobs: int) -> None:
    """Submit the jobs, and anew every one that Slurm ended: Dask alone would never replace it."""
    from distributed import Status
    from tornado.ioloop import PeriodicCallback

    def forget_refused() -> None:
        for name, job in list(cluster.workers.items()):
            if job.job_id is None:
                job.status = Status.failed  # or the cluster can't be closed
                del cluster.workers[name]

    def again() -> None:
        forget_refused()
        cluster.scale(jobs=jobs)

    cluster.scale(jobs=jobs)
    try:
        await cluster
    finally:
        forget_refused()
    cluster.periodic_callbacks["jobs"] = PeriodicCallback(again, 1000 * _LOOK_S)
    cluster.periodic_callbacks["jobs"].start()


def _on_worker(work: Work, item: Item, folder: str) -> tuple[str, Any, str]:
    """Errors travel as values: an exception that a worker can't unpickle would say nothing."""
    place = Path(folder) / f".execution-{uuid.uuid4().hex}"
    try:
        place.mkdir(parents=True)
        return "report", work(item, place), str(place)
    except NothingToDo as error:
        return "NothingToDo", error.problem, ""
    except ReconError as error:
        return reason_of(error), error.problem, ""
    except Exception as error:
        return "INTERNAL_ERROR", f"defect: {one_line(error)[:250]}", ""
