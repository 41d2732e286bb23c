"""A run from beginning to end: lock, recover, look, plan, work, report."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recon.batch import ledger_file
from recon.batch.discover import discover
from recon.batch.execute import Executor
from recon.batch.ledger import BatchLedger
from recon.batch.ledger_file import reading
from recon.batch.lock import held, refuse_network
from recon.batch.plan import plan
from recon.batch.recovery import recover
from recon.batch.report import write_report
from recon.batch.runner import CANCEL, OnTransition, Runner, RunSettings
from recon.batch.spec import Spec, spec_of
from recon.batch.status import summary
from recon.batch.storage import Storage, chosen
from recon.errors import InvalidRequest, OutputFailed, ServiceUnavailable, UnreadableInput


@dataclass(frozen=True)
class Hooks:
    """What a caller wants to be told, and may put in its own place.

    Attributes
    ----------
    files_seen
        While the archive is looked through: how many files so far.
    planned
        Before work starts: the counts by state.
    started
        The runner, before it runs; its ``stop`` ends the run in order.
    listener
        Every item that ends or is put back.
    storage, ledger
        Made for the output folder.
    """

    files_seen: Callable[[int], None] = lambda seen: None
    planned: Callable[[dict[str, Any]], None] = lambda counts: None
    started: Callable[[Runner], None] = lambda runner: None
    listener: OnTransition = lambda item, state, reason: None
    storage: Callable[[Path], Storage] = Storage
    ledger: Callable[[Path], BatchLedger] = BatchLedger


Connect = Callable[[Spec], AbstractContextManager[Executor]]


def start(
    spec: Spec, output: Path, connect: Connect, settings: RunSettings | None = None, hooks: Hooks | None = None
) -> dict[str, Any]:
    """Reprocess an archive; with a ledger in ``output`` already, go on with that run.

    Parameters
    ----------
    spec
        What to do.
    output
        Folder for ledger and results; made when it is absent.
    connect
        Opens the executor once it is known that there is work.
    settings
        How hard to try; by default as the specification says.
    hooks
        What the caller wants to be told.

    Returns
    -------
    dict
        Counts by state with ``exit_status`` and ``stopped``, as :func:`recon.batch.status.summary`.

    Raises
    ------
    InvalidRequest
        When another run holds the ledger, or its folder can't hold one.
    UnreadableInput
        When an input doesn't exist.
    ServiceUnavailable
        When the service can't be reached at the start.
    """
    refuse_network(output)
    for root in spec.roots:
        if not os.path.exists(root):  # unlike Path's, it never raises
            raise UnreadableInput(f"{root}: no such file or folder")
        if os.path.realpath(root) == os.path.realpath(output):
            raise InvalidRequest(f"{output}: results can't lie among the inputs; give -o another folder")
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputFailed(f"{output}: can't be made ({error.strerror}); choose another folder with -o") from error
    return _under_lock(output, spec, connect, settings, hooks or Hooks(), again=None)


def resume(
    output: Path,
    connect: Connect,
    settings: RunSettings | None = None,
    hooks: Hooks | None = None,
    again: str | None = None,
    spec: Spec | None = None,
) -> dict[str, Any]:
    """Do what is left of a run.

    Parameters
    ----------
    output
        Of the run.
    connect, settings, hooks
        As in :func:`start`.
    again
        ``failed`` tries failed items again, ``retryable`` those whose failure may have passed.
    spec
        Replaces what the ledger keeps, such as other servers.
    """
    refuse_network(output)
    kept = spec or kept_spec(output)
    return _under_lock(output, kept, connect, settings, hooks or Hooks(), again)


def kept_spec(output: Path) -> Spec:
    """The specification that a ledger keeps.

    Raises
    ------
    UnreadableInput
        When there is no ledger.
    """
    with reading(output) as base:
        content = ledger_file.meta(base, "spec")
    if content is None:
        raise UnreadableInput(ledger_file.UNBORN.format(output))
    return spec_of(content, str(output / ledger_file.NAME), output)


def _under_lock(
    output: Path, spec: Spec, connect: Connect, settings: RunSettings | None, hooks: Hooks, again: str | None
) -> dict[str, Any]:
    settings = settings or RunSettings(in_flight=spec.in_flight, patience_s=spec.patience_s)
    with held(output):
        (output / CANCEL).unlink(missing_ok=True)
        ledger, storage = hooks.ledger(output), hooks.storage(output)
        try:
            _require_same_options(ledger, spec, output)
            storage.options = spec.tasks
            ledger.set("spec", spec.to_json())
            ledger.set("stopped", "")
            recover(ledger, storage)
            if again:
                ledger.again(only_retryable=again == "retryable")
            discover(ledger, spec.roots, spec.settle_s, hooks.files_seen)
            plan(ledger, spec.rules)
            with ledger.looking() as base:
                counts = summary(base)
            hooks.planned(counts)
            try:
                if counts["pending"]:
                    with connect(spec) as executor:
                        runner = Runner(ledger, storage, executor, settings, hooks.listener)
                        hooks.started(runner)
                        ledger.set("stopped", runner.run())
            except ServiceUnavailable as error:
                ledger.set("stopped", error.problem)
                write_report(output)
                raise
            with ledger.looking() as base:
                counts = summary(base)
        finally:
            ledger.close()
        write_report(output)
        return counts


def _require_same_options(ledger: BatchLedger, spec: Spec, output: Path) -> None:
    """One folder holds results of one set of options.

    Raises
    ------
    InvalidRequest
        When results of a task are there that were made with others.
    """
    before = (ledger.get("spec") or {}).get("tasks") or {}
    with ledger.looking() as base:
        made = {row[0] for row in base.execute("SELECT DISTINCT task FROM items WHERE state IN ('done', 'rejected')")}
    for task in sorted(made):
        ours, theirs = (chosen(task, options.get(task, {})) for options in (spec.tasks, before))
        changed = [f"{name} {theirs[name]} there, {ours[name]} now" for name in ours if ours[name] != theirs.get(name)]
        if changed:
            raise InvalidRequest(
                f"{output}: holds {task} results made otherwise ({'; '.join(changed)}); choose another -o, or go on as "
                "before with `recon batch resume`"
            )
