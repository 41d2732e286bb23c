"""``recon bench``: how fast the service is, measured so that a distrustful reader can check it."""

from __future__ import annotations

import typer

from recon.cli.bench_load import compare, kit, serve
from recon.cli.bench_models import models, peers, tune
from recon.cli.bench_node import node
from recon.cli.bench_probes import probes
from recon.cli.bench_scan import scan
from recon.cli.bench_soak import soak
from recon.cli.bench_way import intake, mrd, overhead

app = typer.Typer(help="Benchmarks that test themselves.", no_args_is_help=True)
for command in (overhead, intake, node, mrd, serve, compare, scan, models, probes, tune, peers, soak, kit):
    app.command()(command)


@app.callback()
def _group() -> None:
    pass
