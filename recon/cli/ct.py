"""``recon ct``: denoise low-dose CT from DICOM or NIfTI."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from recon.cli.options import AsJson, Model, Output, Server, Timeout, TlsCa, TlsCert, TlsKey
from recon.cli.session import tls_of
from recon.cli.work import looked_at, work
from recon.jobs import Options
from recon.jobs import ct as jobs


def ct(
    inputs: Annotated[
        list[Path], typer.Argument(help="DICOM files or folders, or NIfTI files in HU.", metavar="INPUT...")
    ],
    output: Output,
    strength: Annotated[float, typer.Option(min=0.0, max=1.0, help="Share of the noise to remove.")] = 1.0,
    model: Model = "",
    server: Server = None,
    tls_ca: TlsCa = None,
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
    timeout: Timeout = 3600.0,
    as_json: AsJson = False,
) -> None:
    """Denoise low-dose CT; writes image, uncertainty, report.json and preview.png for every series."""
    status = work(
        jobs.find(inputs, looked_at), output, Options(model=model, timeout_s=timeout, strength=strength), server=server,
        tls=tls_of(tls_ca, tls_cert, tls_key), as_json=as_json,
        nothing=f"no CT series in {', '.join(map(str, inputs))}; nothing was done",
    )  # fmt: skip
    raise typer.Exit(status)
