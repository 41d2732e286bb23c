"""``recon batch``: reprocess an archive; nothing is lost, doubled or half-written."""

from __future__ import annotations

import inspect
import json
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from recon.batch.archive import Hooks, kept_spec, resume, start
from recon.batch.execute import Executor, ServiceExecutor
from recon.batch.lock import is_held
from recon.batch.progress import BatchProgress
from recon.batch.report import write_report
from recon.batch.runner import CANCEL, Runner
from recon.batch.spec import Spec, read_spec, spec_of
from recon.batch.status import status as status_of
from recon.batch.verify import verify as verify_folder
from recon.cli.options import AsJson, TlsCa, TlsCert, TlsKey
from recon.cli.session import own_service, tls_of
from recon.cli.task import flag_of, parameter_of, with_parameters
from recon.client import Tls
from recon.errors import InvalidRequest, UnreadableInput, plain
from recon.tasks.options import Option, options_of
from recon.tasks.registry import tasks

app = typer.Typer(help="Reprocess an archive, safely interruptible at any moment.", no_args_is_help=True)

_Output = Annotated[Path, typer.Argument(help="Output folder of the run.", metavar="OUT")]
_Server = Annotated[str | None, typer.Option(help="Running services, HOST:PORT[,HOST:PORT...].")]
_InFlight = Annotated[int | None, typer.Option(min=1, max=256, help="Most items with the service at a time.")]
_Patience = Annotated[float | None, typer.Option(min=0, help="How long to wait for a service that is away, s.")]


def _run(
    source: Annotated[Path, typer.Argument(help="Folder to look through, or a YAML file.", metavar="FOLDER|SPEC.yaml")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for ledger and results.")],
    server: _Server = None,
    tls_ca: TlsCa = None,
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
    in_flight: _InFlight = None,
    settle: Annotated[
        float | None, typer.Option(min=0, help="How long the youngest file must have stayed as it is, s.")
    ] = None,
    patience: _Patience = None,
    cluster: Annotated[str | None, typer.Option(help="Use the Dask cluster at this address, tcp://HOST:PORT.")] = None,
    slurm: Annotated[int | None, typer.Option(min=1, help="Use this many Dask workers started by Slurm.")] = None,
    as_json: AsJson = False,
    **own: Any,
) -> None:
    """Find every scan under FOLDER, decide its task, process it; with a ledger in OUT already, go on there."""
    if source.suffix.lower() in (".yaml", ".yml") and source.is_file():
        spec = read_spec(source)
    else:
        spec = spec_of({"inputs": [str(source)]}, "the command line", Path.cwd())
    for flag, (task, option) in _OWN.items():
        if own[flag] is not None:
            spec = replace(spec, tasks={**spec.tasks, task: {**spec.tasks.get(task, {}), option.name: own[flag]}})
    if settle is not None:
        spec = replace(spec, settle_s=settle)
    if cluster is not None:
        spec = replace(spec, cluster=cluster)
    if slurm is not None:
        spec = replace(spec, slurm={**spec.slurm, "workers": slurm})
    if spec.cluster and spec.slurm:
        raise InvalidRequest("--cluster and --slurm are two ways to get workers; name one")
    spec = _with(spec, server, in_flight, patience)
    tls = tls_of(tls_ca, tls_cert, tls_key, _elsewhere(spec))
    with _shown() as (progress, hooks):
        counts = start(spec, output, lambda given: _connect(given, tls, progress), hooks=hooks)
    _finish(output, counts, as_json)


def _own_options() -> dict[str, tuple[str, Option]]:
    """Options that one task has and not all, by their flag; the task's name before those that several have."""
    own = [
        (task.name, flag_of(option), option)
        for task in tasks().values()
        for option in options_of(task.options)
        if option.choice is not None and not option.common
    ]
    holders = Counter(flag for _, flag, _ in own)
    return {f"{task}_{flag}" if holders[flag] > 1 else flag: (task, option) for task, flag, option in own}


_OWN = _own_options()
_ARGUMENTS = [entry for entry in inspect.signature(_run, eval_str=True).parameters.values() if entry.name != "own"]
_CHOSEN = [parameter_of(option, flag, f"{task}: ") for flag, (task, option) in _OWN.items()]
run = with_parameters(
    lambda **values: _run(**values),
    "run",
    _run.__doc__ or "",
    [entry.replace(kind=inspect.Parameter.KEYWORD_ONLY) for entry in (*_ARGUMENTS, *_CHOSEN)],
)
app.command("run")(run)


@app.command("resume")
def resume_(
    output: _Output,
    server: _Server = None,
    tls_ca: TlsCa = None,
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
    in_flight: _InFlight = None,
    patience: _Patience = None,
    as_json: AsJson = False,
) -> None:
    """Do exactly what is left of a run, however it ended."""
    _go_on(output, server, (tls_ca, tls_cert, tls_key), in_flight, patience, None, as_json)


@app.command()
def retry(
    output: _Output,
    failed: Annotated[bool, typer.Option("--failed", help="All that failed, not only what may have passed.")] = False,
    server: _Server = None,
    tls_ca: TlsCa = None,
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
    in_flight: _InFlight = None,
    patience: _Patience = None,
    as_json: AsJson = False,
) -> None:
    """Try failed items again, and do what is left."""
    again = "failed" if failed else "retryable"
    _go_on(output, server, (tls_ca, tls_cert, tls_key), in_flight, patience, again, as_json)


@app.command()
def status(output: _Output, as_json: AsJson = False) -> None:
    """Say how a run stands; exit status 0 however it does."""
    found = status_of(output, with_inputs=as_json)
    if as_json:
        json.dump(found, sys.stdout, indent=2)
        print()
    else:
        parts = [f"{found[state]} {state}" for state in ("done", "rejected", "failed", "skipped", "running", "pending")]
        print(f"{found['items']} items: {', '.join(parts)}{'; a run is under way' if found['active'] else ''}")
        if found["stopped"]:
            print(plain(f"stopped: {found['stopped']}"))
    raise typer.Exit(0)


@app.command()
def cancel(
    output: _Output,
    wait: Annotated[float, typer.Option(min=0, help="How long to wait for the run to end, s.")] = 60.0,
) -> None:
    """End a run in order: what is under way may finish, the rest stays for `resume`."""
    if not is_held(output):
        print("no run is under way")
        raise typer.Exit(0)
    (output / CANCEL).touch()
    deadline = time.monotonic() + wait
    while is_held(output):
        if time.monotonic() > deadline:
            print(f"the run has not ended after {wait:.0f} s; it will when what is under way has")
            raise typer.Exit(1)
        time.sleep(0.1)
    print(f"stopped; go on with `recon batch resume {output}`")


@app.command()
def report(output: _Output) -> None:
    """Write OUT/report.html anew from the ledger."""
    print(write_report(output))


@app.command()
def verify(output: _Output, as_json: AsJson = False) -> None:
    """Hash every result again; exit status 0 only if all are there, whole and as the ledger says."""
    found = verify_folder(output)
    if as_json:
        json.dump({"checked": found.checked, "wrong": found.wrong, "unknown": found.unknown}, sys.stdout, indent=2)
        print()
    else:
        for lines in found.wrong.values():
            print("\n".join(plain(line) for line in lines))
        for name in found.unknown:
            print(f"{output / plain(name)}: belongs to no finished item")
        print(f"{found.checked} results checked, {len(found.wrong)} not as they were written")
    raise typer.Exit(1 if found.wrong else 0)


def _with(spec: Spec, server: str | None, in_flight: int | None, patience: float | None) -> Spec:
    if server is not None:
        servers = [entry.strip() for entry in server.split(",") if entry.strip()]
        if not servers:
            raise InvalidRequest("--server names no HOST:PORT")
        spec = replace(spec, servers=servers)
    if in_flight is not None:
        spec = replace(spec, in_flight=in_flight)
    return spec if patience is None else replace(spec, patience_s=patience)


def _elsewhere(spec: Spec) -> bool:
    """Whether anything runs that a connection leads to: services, or a cluster, which takes the same files."""
    return bool(spec.servers or spec.cluster or spec.slurm)


def _go_on(
    output: Path,
    server: str | None,
    files: tuple[Path | None, Path | None, Path | None],
    in_flight: int | None,
    patience: float | None,
    again: str | None,
    as_json: bool,
) -> None:
    if not output.is_dir():
        raise UnreadableInput(f"{output}: no such folder")
    spec = _with(kept_spec(output), server, in_flight, patience)
    tls = tls_of(*files, _elsewhere(spec))
    with _shown() as (progress, hooks):
        counts = resume(output, lambda given: _connect(given, tls, progress), hooks=hooks, again=again, spec=spec)
    _finish(output, counts, as_json)


@contextmanager
def _connect(spec: Spec, tls: Tls | None, progress: BatchProgress) -> Iterator[Executor]:
    if spec.cluster or spec.slurm:
        from recon.batch.cluster import cluster_executor

        if not spec.servers:
            raise InvalidRequest("workers elsewhere need a running service; name it with --server HOST:PORT")
        with cluster_executor(spec, tls, progress.say) as executor:
            yield executor
    elif spec.servers:
        with _closing(ServiceExecutor(spec.servers, spec.tasks, tls)) as executor:
            executor.ready(15.0)
            yield executor
    else:
        with own_service() as address, _closing(ServiceExecutor([address], spec.tasks)) as executor:
            executor.ready(15.0)
            yield executor


@contextmanager
def _closing(executor: ServiceExecutor) -> Iterator[ServiceExecutor]:
    try:
        yield executor
    finally:
        executor.close()


@contextmanager
def _shown() -> Iterator[tuple[BatchProgress, Hooks]]:
    """Progress on stderr; SIGINT and SIGTERM end the run in order."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    with BatchProgress(console) as progress:

        def started(runner: Runner) -> None:
            def end(number: int, frame: Any) -> None:
                runner.stop(f"stopped by {signal.Signals(number).name}")

            signal.signal(signal.SIGINT, end)
            signal.signal(signal.SIGTERM, end)

        before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield progress, Hooks(progress.files_seen, progress.planned, started, progress.item)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _finish(output: Path, counts: dict[str, Any], as_json: bool) -> None:
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    parts = [
        f"{counts[state]} {state}" for state in ("done", "rejected", "failed", "skipped", "pending") if counts[state]
    ]
    console.print(f"{', '.join(parts) or 'nothing found'} -> {output / 'report.html'}", markup=False)
    if counts["stopped"]:
        console.print(f"stopped: {counts['stopped']}; go on with `recon batch resume {output}`", markup=False)
    if as_json:
        json.dump(status_of(output), sys.stdout, indent=2)
        print()
    raise typer.Exit(counts["exit_status"])
