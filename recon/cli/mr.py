"""``recon mr``: images from fastMRI or ISMRMRD k-space."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from recon.cli.options import AsJson, Output, Server, Timeout, TlsCa, TlsCert, TlsKey
from recon.cli.session import tls_of
from recon.cli.work import work
from recon.jobs import Options
from recon.jobs import mr as jobs

#: Short names of the networks.
_NAMES = {"unrolled": "mr_unrolled", "varnet": "mr_unrolled"}


def mr(
    inputs: Annotated[
        list[Path], typer.Argument(help="k-space: fastMRI or ISMRMRD HDF5 files, or folders.", metavar="INPUT...")
    ],
    output: Output,
    model: Annotated[
        str,
        typer.Option(help="zero-filled, sense, l1-wavelet, unrolled, automap, …; by default the one that fits."),
    ] = "",
    dicom: Annotated[bool, typer.Option("--dicom", help="Also write DICOM series.")] = False,
    server: Server = None,
    tls_ca: TlsCa = None,
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
    timeout: Timeout = 3600.0,
    as_json: AsJson = False,
) -> None:
    """Reconstruct images from k-space; writes image, uncertainty, report.json and preview.png for every series."""
    status = work(
        jobs.find(inputs), output, Options(model=_NAMES.get(model, model), timeout_s=timeout, dicom=dicom),
        server=server, tls=tls_of(tls_ca, tls_cert, tls_key), as_json=as_json,
        nothing=f"no k-space in {', '.join(map(str, inputs))}; nothing was done",
    )  # fmt: skip
    raise typer.Exit(status)
