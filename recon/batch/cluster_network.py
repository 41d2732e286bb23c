"""Who may reach a Dask cluster, and how: encrypted, and listening on no more addresses than it needs."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from recon.client import Tls
from recon.errors import InvalidRequest

_PAGES = "127.0.0.1:0"
#: What a worker is told about the addresses that it listens on; without one of them it would be all.
_LISTENING = {"--host", "--interface", "--listen-address"}


def slurm_options(given: Mapping[str, Any]) -> dict[str, Any]:
    """Options of ``dask_jobqueue.SLURMCluster`` with what was not given.

    Scheduler and workers prove themselves by certificates that are made for the run, in files (mode 0600) in the
    current folder, which the nodes must share, unless ``shared_temp_directory`` names another. Each listens on the
    address by which the others reach it, and its status page on loopback. ``security: false`` does without encryption.
    """
    import dask.config
    from distributed.utils import get_ip

    default = {"cores": 1, "memory": "4 GiB", "processes": 1, "security": True, "shared_temp_directory": os.getcwd()}
    options: dict[str, Any] = {**default, **given}
    if options["security"] is False:
        options["security"] = None
    scheduler = {"dashboard_address": _PAGES, **(options.get("scheduler_options") or {})}
    worker = [str(word) for word in options.get("worker_extra_args") or []]
    if "--dashboard-address" not in worker:
        worker += ["--dashboard-address", _PAGES]
    if not (options.get("interface") or dask.config.get("jobqueue.slurm.interface", None)):
        if not {"host", "interface"} & set(scheduler):
            scheduler["host"] = get_ip()
        if not _LISTENING & set(worker):
            towards = scheduler.get("host", "8.8.8.8")
            # on the node: the address from which it reaches the scheduler
            code = f'from distributed.utils import get_ip; print(get_ip("{towards}"))'
            worker += ["--host", f"$({sys.executable} -c '{code}')"]
    return {**options, "scheduler_options": scheduler, "worker_extra_args": worker}


def security_of(address: str, tls: Tls | None) -> Any:
    """For a cluster that is there already: the given files where it is encrypted, else what Dask's configuration says.

    Raises
    ------
    InvalidRequest
        When the cluster is encrypted and there are no certificates for it.
    """
    from distributed import Security

    if urlsplit(address).scheme != "tls":
        return None
    found = Security(require_encryption=True)
    if found.tls_ca_file is None and tls is not None:
        files = {"tls_ca_file": tls.authority, "tls_client_cert": tls.certificate, "tls_client_key": tls.key}
        named = {name: str(path) for name, path in files.items() if path is not None}
        found = Security(require_encryption=True, **named)
    if found.tls_ca_file is None or found.tls_client_cert is None:
        raise InvalidRequest(
            f"{address} is encrypted; name --tls-ca, --tls-cert and --tls-key, or set distributed.comm.tls for Dask"
        )
    return found


def in_the_clear(address: str) -> bool:
    """Whether what travels to a cluster can be read on the way: paths, options and reports, no images."""
    parts = urlsplit(address)
    return parts.scheme == "tcp" and parts.hostname not in ("127.0.0.1", "localhost", "::1")
