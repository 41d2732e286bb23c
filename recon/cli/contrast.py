"""``recon contrast``: the full-dose image from a scan before contrast and one after a fraction of the dose."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from recon.cli.options import AsJson, Model, Output, Server, Timeout, TlsCa, TlsCert, TlsKey
from recon.cli.session import tls_of
from recon.cli.work import work
from recon.jobs import Options
from recon.jobs import contrast as jobs


def contrast(
    pre: Annotated[Path, typer.Option(help="T1 scan before contrast: NIfTI, DICOM file or folder.")],
    low: Annotated[Path, typer.Option(help="The same scan after the reduced dose.")],
    output: Output,
    dose_fraction: Annotated[float, typer.Option(min=0.05, max=0.5, help="Dose given over the full dose.")] = 0.1,
    model: Model = "",
    server: Server = None,
    tls_ca: TlsCa = None,
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
    timeout: Timeout = 3600.0,
    as_json: AsJson = False,
) -> None:
    """Synthesise the full-dose contrast image; writes image, uncertainty, detectability, report and preview."""
    status = work(
        jobs.find(pre, low), output, Options(model=model, timeout_s=timeout, dose_fraction=dose_fraction),
        server=server, tls=tls_of(tls_ca, tls_cert, tls_key), as_json=as_json,
        nothing=f"no pair of scans in {pre} and {low}; nothing was done",
    )  # fmt: skip
    raise typer.Exit(status)
