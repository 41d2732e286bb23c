"""``recon serve``: gateway and Triton."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from recon.serving.settings import Settings

from recon.errors import InvalidRequest

_SWITCH_S = 0.0005


class LogLevel(Enum):
    """How much the log says."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class RunsOn(Enum):
    """Where models run."""

    AUTO = "auto"
    CPU = "cpu"
    GPU = "gpu"


def serve(
    listen: Annotated[
        str | None, typer.Option(help="Address of the gateway, HOST:PORT, 127.0.0.1:50051 by default.")
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, max=64, help="Processes behind that port, 1 by default; --metrics are of the first."),
    ] = None,
    triton: Annotated[str | None, typer.Option(help="Use this Triton (gRPC) instead of the embedded one.")] = None,
    triton_ca: Annotated[Path | None, typer.Option(help="CA (PEM) of that Triton, to encrypt the calls.")] = None,
    triton_token_file: Annotated[
        Path | None, typer.Option(help="File with a token that each call to that Triton carries.")
    ] = None,
    repository: Annotated[Path | None, typer.Option(help="Model repository of the embedded Triton.")] = None,
    task: Annotated[list[str] | None, typer.Option(help="Load the models of this task only; may be repeated.")] = None,
    device: Annotated[
        RunsOn | None, typer.Option(help="Where the embedded Triton runs the models; a GPU, where there is one.")
    ] = None,
    tuning: Annotated[
        list[Path] | None,
        typer.Option(help="Run a model as this record of recon bench tune says; may be repeated."),
    ] = None,
    latency_ms: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TASK=MS", help="Take the task's best model that needs no longer for a slice; may be repeated."
        ),
    ] = None,
    tune: Annotated[
        bool | None,
        typer.Option(
            "--tune/--no-tune",
            envvar="RECON_TUNE",
            help="First measure how each network runs best here, once a machine and network: about 20 s for each, "
            "then kept. Done unless told otherwise, --triton names another one, or the machine is busy.",
        ),
    ] = None,
    metrics: Annotated[str | None, typer.Option(help="Serve Prometheus metrics on HOST:PORT.")] = None,
    traces: Annotated[
        str | None,
        typer.Option(help="Send spans of each slice to this OpenTelemetry collector, http://HOST:PORT (gRPC)."),
    ] = None,
    tls_cert: Annotated[Path | None, typer.Option(help="Certificate (PEM).")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Its key (PEM).")] = None,
    client_ca: Annotated[Path | None, typer.Option(help="Require client certificates of this CA.")] = None,
    handed_on: Annotated[Path | None, typer.Option(hidden=True, help="Written by the first of several.")] = None,
    log_level: Annotated[LogLevel, typer.Option(help="What the log on stderr holds, from this on.")] = LogLevel.INFO,
) -> None:
    """Serve until SIGTERM; prints one line when ready."""
    from threadpoolctl import threadpool_limits

    from recon.serving.allocator import keep_memory
    from recon.serving.lifetime import run
    from recon.serving.logs import log_to_stderr
    from recon.serving.settings import Settings, settings_of
    from recon.serving.triton.device import on_gpu
    from recon.serving.workers import HandedOn

    given = {
        "listen": listen,
        "workers": workers,
        "triton": triton,
        "triton_ca": triton_ca,
        "triton_token_file": triton_token_file,
        "repository": repository,
        "tasks": tuple(task) if task else None,
        "device": device and device.value,
        "tuning": tuple(tuning) if tuning else None,
        "latency_ms": limits_of(latency_ms) if latency_ms else None,
        "metrics": metrics,
        "traces": traces,
        "tls_cert": tls_cert,
        "tls_key": tls_key,
        "client_ca": client_ca,
    }
    if handed_on is not None:
        settings = Settings(**HandedOn.read(handed_on).settings)
    else:
        settings = settings_of({key: value for key, value in given.items() if value is not None})
        if settings.triton is not None:
            require_embedded(tune=tune, repository=repository, device=device)
        usable(settings)
    log_to_stderr(getattr(logging, log_level.name))
    keep_memory()
    threadpool_limits(1, "blas")  # its products are small, and its threads would spin beside the network
    # a thread that works on a slice must not hold up the loop for the usual 5 ms
    sys.setswitchinterval(_SWITCH_S)
    if handed_on is not None:
        return asyncio.run(run(settings, handed_on))
    if tune is not False and settings.triton is None and not on_gpu(settings.device, tuned=bool(settings.tuning)):
        settings = _tuned(settings)
    asyncio.run(run(settings))
    # a thread that can't be stopped must not keep the process
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def require_embedded(**given: object) -> None:
    """Refuse options of the embedded Triton beside another one, where they would do nothing."""
    for name, value in given.items():
        if value:
            raise InvalidRequest(f"--{name} is for the embedded Triton; --triton names one with settings of its own")


def usable(settings: Settings) -> None:
    """Raise for what can't be listened on or read, or would do nothing, before anything that takes a while."""
    from recon.serving.settings import content_of
    from recon.wire.endpoint import checked_address

    if settings.triton is None:
        for name, path in (("ca", settings.triton_ca), ("token-file", settings.triton_token_file)):
            if path is not None:
                raise InvalidRequest(f"--triton-{name} is for a Triton elsewhere; name it with --triton HOST:PORT")
    checked_address(settings.listen, "--listen")
    for path in (settings.tls_cert, settings.tls_key, settings.client_ca):
        content_of(path)


def _tuned(settings: Settings) -> Settings:
    """With a record of this machine for each network that has none yet."""
    from recon.bench.tuned import cache, kept_records
    from recon.engine.repository import default_repository
    from recon.serving.tuning import model_of, words_of

    given = {model_of(path) for path in settings.tuning}
    repository = settings.repository or default_repository()
    kept = tuple(kept_records(repository, settings.tasks, cache(), _say, but=given))
    for path in kept:
        _say(f"tuned: {words_of(path)} ({path})")
    return settings.model_copy(update={"tuning": (*settings.tuning, *kept)})


def _say(words: str) -> None:
    print(f"recon: {words}", file=sys.stderr)


def limits_of(given: list[str]) -> dict[str, float]:
    """Milliseconds by task, of ``TASK=MS``."""
    found = {}
    for pair in given:
        name, _, number = pair.partition("=")
        try:
            found[name] = float(number)
        except ValueError:
            found[name] = 0.0
        if not 0 < found[name] < float("inf"):
            raise InvalidRequest(f"--latency-ms {pair}: give TASK=MS, such as ct=50")
    return found
