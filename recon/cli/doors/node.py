"""``recon node``: a DICOM node whose rules decide what is done with a series, and where results go."""

from __future__ import annotations

import json
import signal
import sys
import threading
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from recon.cli.options import AsJson
from recon.cli.session import connect
from recon.client import Client, Tls

app = typer.Typer(help="The hospital's door: a DICOM node with rules.", no_args_is_help=True)

_Config = Annotated[Path, typer.Option("--config", "-c", help="The node's configuration, node.yaml.")]


def _console() -> Console:
    return Console(highlight=False, soft_wrap=True)


@app.command()
def run(config: _Config) -> None:
    """Receive, decide, work and send, each a process of its own, until SIGTERM."""
    from recon.doors.node.config_file import read_config
    from recon.doors.node.parts import PARTS, alone
    from recon.doors.node.supervise import supervise

    node = read_config(config)  # a mistake is told here, once
    commands = {name: [sys.executable, "-m", "recon.doors.node", name, str(config)] for name in PARTS}
    if any(rule.task for rule in node.rules):
        commands["work"] = [sys.executable, "-m", "recon.cli", "node", "work", "--config", str(config)]
    else:
        del commands["work"]
    with alone(node.folder, "node"):
        supervise(commands, _until_told())


@app.command(hidden=True)
def work(config: _Config) -> None:
    """The part of the node that works, with a service of its own where none is named."""
    from recon.doors.node.config_file import read_config
    from recon.doors.node.parts import run_part

    node, stop, files = read_config(config), _until_told(), None
    if node.service is not None:  # jobs wait for it, should it be away
        files = node.service_tls
        with Client(node.service, Tls(files.ca, files.cert, files.key) if files else None) as client:
            run_part("work", node, stop, client)
        return
    with connect(None, tasks={rule.task for rule in node.rules if rule.task}) as client:
        run_part("work", node, stop, client)


@app.command()
def explain(
    file: Annotated[Path, typer.Argument(help="A DICOM file.", metavar="FILE.dcm")],
    config: _Config,
    calling: Annotated[str, typer.Option(help="AE title that sends it.")] = "",
    called: Annotated[str, typer.Option(help="AE title that it is sent to; the node's first when absent.")] = "",
    as_json: AsJson = False,
) -> None:
    """Say which rule fires for a file, and why each other one doesn't."""
    from recon.doors.node.config_file import read_config
    from recon.doors.node.facts import read_header
    from recon.doors.node.rules import conditions, first_match

    node = read_config(config)
    facts = read_header(file, calling, called or node.titles[0]).facts
    chosen = first_match(node.rules, facts)
    told = [
        {
            "rule": rule.name,
            "fires": rule is chosen,
            "conditions": [one.__dict__ for one in conditions(rule.when, facts)],
        }
        for rule in node.rules
    ]
    if as_json:
        print(json.dumps({"rule": chosen.name if chosen else None, "rules": told}, indent=2))
        return
    console = _console()
    for rule in node.rules:
        held = conditions(rule.when, facts)
        word = "FIRES" if rule is chosen else "fits, but an earlier rule fires" if all(c.holds for c in held) else "no"
        console.print(f"rule {rule.name}: {word}", markup=False)
        for one in held:
            sign = "holds" if one.holds else "FAILS"
            console.print(f"  {sign}: {one.name} {one.wanted!r}, the file has {one.found!r}", markup=False)
    if chosen is None:
        to = ", ".join(node.otherwise.originals_to)
        console.print(
            f"no rule fires; otherwise: {'passed on to ' + to if to else 'kept, not passed on'}", markup=False
        )
        return
    later = chosen.held_for("REVIEW")
    console.print(
        f"so: task {chosen.task or 'none'}{' (' + chosen.role + ')' if chosen.role else ''}, results to "
        f"{', '.join(chosen.to) or 'nobody'}, on REVIEW to {', '.join(chosen.results_to('REVIEW')) or 'nobody'}"
        f"{' and, once a reader accepts, to ' + ', '.join(later) if later else ''}, "
        f"originals to {', '.join(chosen.originals_to) or 'nobody'}, priority {chosen.priority}",
        markup=False,
    )


@app.command()
def check(config: Annotated[Path, typer.Argument(help="node.yaml")], as_json: AsJson = False) -> None:
    """Find mistakes in a configuration, and rules that never fire; exit status 1 when there are any."""
    from recon.doors.node.check import findings
    from recon.doors.node.config_file import read_config

    node = read_config(config)
    found = list(findings(node))
    if as_json:
        print(json.dumps({"rules": len(node.rules), "findings": found}, indent=2))
    else:
        for line in found:
            _console().print(line, markup=False)
        _console().print(f"{len(node.rules)} rules, {len(node.destinations)} destinations, {len(found)} findings")
    raise typer.Exit(1 if found else 0)


@app.command()
def ping(
    name: Annotated[str, typer.Argument(help="Of a destination.")], config: _Config, as_json: AsJson = False
) -> None:
    """Ask whether a destination answers."""
    from recon.doors.node.config_file import read_config
    from recon.doors.node.logs import quiet_libraries
    from recon.doors.node.ping import ping as ask

    quiet_libraries()
    seconds = ask(read_config(config), name)
    if as_json:
        print(json.dumps({"destination": name, "seconds": round(seconds, 4)}))
    else:
        _console().print(f"{name} answers after {seconds * 1000:.0f} ms", markup=False)


@app.command()
def queue(config: _Config, as_json: AsJson = False) -> None:
    """Show what waits, also for a reader, what was rejected or failed, and what could not be sent."""
    from recon.doors.node.config_file import read_config
    from recon.doors.node.overview import overview

    node = read_config(config)
    found = overview(node)
    if as_json:
        print(json.dumps(found, indent=2))
        return
    console = _console()
    for name, counts in (("series", found["series"]), ("jobs", found["jobs"]), *found["destinations"].items()):
        words = ", ".join(f"{count} {state}" for state, count in counts.items()) or "nothing"
        console.print(f"{name}: {words}", markup=False)
    for job in found["held"] + found["rejected"] + found["failed"]:
        console.print(f"job {job['job']} ({job['rule']}): {job['state']}, {job['reason']}", markup=False)
    for letter in found["dead"]:
        words = f"{letter['count']} dead letters to {letter['destination']}: {letter['reason']}"
        console.print(f"{words}; start again with recon node retry {letter['destination']}", markup=False)


@app.command()
def retry(
    config: _Config,
    destination: Annotated[str | None, typer.Argument(help="Only its dead letters.")] = None,
    jobs: Annotated[bool, typer.Option("--jobs", help="Failed jobs, too.")] = False,
) -> None:
    """Start dead letters again."""
    from recon.doors.node.config_file import read_config
    from recon.doors.node.ledger import Ledger
    from recon.doors.node.outbox import restart
    from recon.doors.node.overview import restart_jobs

    ledger = Ledger(read_config(config).folder)
    letters = restart(ledger, destination)
    again = restart_jobs(ledger) if jobs else 0
    ledger.close()
    _console().print(f"{letters} dead letters and {again} failed jobs are pending again")


@app.command()
def conformance() -> None:
    """Write the DICOM conformance statement, as Markdown."""
    from recon.doors.node.conformance import dicomweb_routes, statement

    print(statement(dicomweb_routes()), end="")


def _until_told() -> threading.Event:
    """Set at SIGTERM or SIGINT."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


COMMANDS = {"node": app}
