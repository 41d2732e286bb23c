"""Workers are found, and those that nobody may hear are encrypted."""

from __future__ import annotations

from pathlib import Path

import pytest

from recon.batch.cluster import cluster_executor
from recon.batch.cluster_network import in_the_clear, security_of, slurm_options
from recon.batch.spec import Spec
from recon.client import Tls
from recon.errors import InvalidRequest

pytestmark = pytest.mark.service

dask = pytest.importorskip("dask")

distributed = pytest.importorskip("distributed")


def test_an_encrypted_cluster_is_reached_by_certificates_and_one_in_the_clear_is_said(tmp_path: Path) -> None:
    security = distributed.Security.temporary()
    files = {"ca": security.tls_ca_file, "cert": security.tls_client_cert, "key": security.tls_client_key}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    tls = Tls(*(tmp_path / name for name in files))
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, dashboard_address=None, host="127.0.0.1", protocol="tls", security=security
    ) as made:
        spec = Spec([], ["127.0.0.1:1"], cluster=made.scheduler_address)
        with cluster_executor(spec, tls, lambda words: None) as executor:
            executor.ready(30)
        with pytest.raises(InvalidRequest, match="is encrypted; name --tls-ca"):
            security_of(made.scheduler_address, None)
    assert in_the_clear("tcp://10.0.0.1:8786")
    assert not in_the_clear("tcp://127.0.0.1:8786")
    assert not in_the_clear("tls://10.0.0.1:8786")


def test_what_slurm_was_told_is_kept() -> None:
    assert slurm_options({"security": False})["security"] is None
    told = slurm_options({"interface": "ib0", "worker_extra_args": ["--dashboard-address", ":1"], "memory": "8 GiB"})
    assert told["worker_extra_args"] == ["--dashboard-address", ":1"]
    assert "host" not in told["scheduler_options"]
    assert told["memory"] == "8 GiB"
    with dask.config.set({"jobqueue.slurm.interface": "ib0"}):
        assert "host" not in slurm_options({})["scheduler_options"]
