"""How fast the hospital's door takes in, gets a first image out, and what a long backlog costs in memory.

The node runs as it does at a site, in processes of its own; what it did is read off its ledger.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import yaml
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid
from pynetdicom import AE

from recon.doors.node.ledger import Ledger
from recon.errors import DeadlineExceeded, InternalError

_SIZE = 512
_BACKLOG_SIZE = 64
_PATIENCE_S = 300.0
#: Of a series, until it counts as whole; as in the node.yaml that is shipped.
_QUIET_S = 5.0


def measure_node(
    slices: int, studies: int, work_slices: int, server: str | None, told: Callable[[str], None]
) -> dict[str, Any]:
    """Measure on loopback.

    Parameters
    ----------
    slices
        Of 512x512, that arrive on one association.
    studies
        Of the backlog, one small instance each, whose destination is away.
    work_slices
        Of the series whose first image is waited for; 0 leaves that out, and needs no service.
    server
        HOST:PORT of a running service; the node starts one when absent.
    told
        Called with what is under way.

    Returns
    -------
    dict
        Instances a second, seconds to the first image; of the backlog MiB of the node's processes before and after,
        and milliseconds a study, until it is on its way, in its first and second half.
    """
    record: dict[str, Any] = {"slices": slices, "size": _SIZE, "studies": studies}
    told("receiving")
    record["received_per_s"] = _receive(slices)
    if work_slices:
        told("working")
        record["work_slices"] = work_slices
        record.update(_first_image(work_slices, server))
    told("backlog")
    record.update(_backlog(studies))
    return record


def _receive(slices: int) -> float:
    with _node({}) as (port, _, __), tempfile.TemporaryDirectory() as folder:
        files = [_write(Path(folder) / f"{i}.dcm", _SIZE, i, "1") for i in range(slices)]
        began = time.perf_counter()
        _send(port, files)
        return slices / (time.perf_counter() - began)


def _first_image(slices: int, server: str | None) -> dict[str, float]:
    """From the decision that the series is whole, and from its last instance, to the first image at the destination.

    Work begins in the silence that a sender is granted, so that it matters how long that is.
    """
    with tempfile.TemporaryDirectory() as folder:
        rule = {"name": "ct", "when": {"modality": "CT"}, "task": "ct", "to": ["OUT"]}
        more: dict[str, Any] = {
            "rules": [rule],
            "destinations": {"OUT": {"folder": f"{folder}/out"}},
            "completion": {"quiet_s": _QUIET_S},
        }
        if server is not None:
            more["service"] = server
        with _node(more) as (port, ledger, _):
            for round_ in range(2):  # the first warms the models
                files = [_write(Path(folder) / f"{round_}_{i}.dcm", _SIZE, i, str(round_)) for i in range(slices)]
                _send(port, files)
                _until(ledger, "SELECT count(*) FROM jobs WHERE state IN ('done', 'rejected', 'failed')", round_ + 1)
            _until(ledger, "SELECT count(*) = 0 FROM deliveries WHERE state = 'pending'", 1)
            with ledger.looking() as base:
                job = base.execute("SELECT * FROM jobs ORDER BY number DESC LIMIT 1").fetchone()
                if job["state"] != "done":
                    raise InternalError(f"the series was not worked on: {job['state']}, {job['reason']}")
                first, last = base.execute(
                    "SELECT min(sent), max(sent) FROM deliveries WHERE job = ?", (job["number"],)
                ).fetchone()
                came = base.execute("SELECT max(last) FROM series").fetchone()[0]
            return {
                "quiet_s": _QUIET_S,
                "first_image_after_last_instance_s": first - came,
                "first_image_after_completion_s": first - job["created"],
                "first_image_after_verdict_s": first - job["finished"],
                "all_after_completion_s": last - job["created"],
            }


def _backlog(studies: int) -> dict[str, float]:
    away = {
        "destinations": {"AWAY": {"dicom": "AWAY@127.0.0.1:9", "retry_first_s": 1.0}},
        "otherwise": {"originals_to": ["AWAY"]},
    }
    with _node(away) as (port, ledger, process), tempfile.TemporaryDirectory() as folder:
        files = [_write(Path(folder) / f"{i}.dcm", _BACKLOG_SIZE, i, f"1.{i}") for i in range(studies)]
        _send(port, files[:10])
        _until(ledger, "SELECT count(*) FROM deliveries", 10)
        before = _resident(process)
        half, took = (10 + studies) // 2, []
        for part, there in ((files[10:half], half), (files[half:], studies)):
            began = time.perf_counter()
            _send(port, part)
            _until(ledger, "SELECT count(*) FROM deliveries", there)
            took.append(1000 * (time.perf_counter() - began) / len(part))
        return {
            "memory_mib_at_10_studies": before,
            f"memory_mib_at_{studies}_studies": _resident(process),
            "ms_per_study_of_the_first_half": took[0],
            "ms_per_study_of_the_second_half": took[1],
        }


@contextmanager
def _node(more: dict[str, Any]) -> Iterator[tuple[int, Ledger, subprocess.Popen[str]]]:
    """A node on loopback: its port, its ledger, its process."""
    with tempfile.TemporaryDirectory() as folder:
        content = {
            "titles": ["BENCH"],
            "listen": "127.0.0.1:0",
            "folder": f"{folder}/node",
            "senders": [{"title": "*"}],
            "completion": {"quiet_s": 1.0},
            "limits": {"free_gb": 0.0, "free_share": 0.0},
            **more,
        }
        config = Path(folder) / "node.yaml"
        config.write_text(yaml.safe_dump(content))
        with (Path(folder) / "node.log").open("w+") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "recon.cli", "node", "run", "--config", str(config)],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
            try:
                assert process.stdout is not None
                line = process.stdout.readline()
                if not line.startswith("recon node is ready on "):
                    log.seek(0)
                    raise InternalError(f"the node did not start: {' '.join(log.read().split())[-300:]}")
                ledger = Ledger(Path(folder) / "node")
                try:
                    yield int(line.rpartition(":")[2]), ledger, process
                finally:
                    ledger.close()
            finally:
                process.terminate()
                process.wait(60)


def _send(port: int, files: Sequence[Path]) -> None:
    ae = AE(ae_title="BENCH_SCU")
    ae.add_requested_context(CTImageStorage, ExplicitVRLittleEndian)
    association = ae.associate("127.0.0.1", port, ae_title="BENCH")
    if not association.is_established:
        raise InternalError("the node refuses the benchmark's association")
    try:
        for path in files:
            status = association.send_c_store(path)
            if not status or status.Status != 0:
                raise InternalError("the node did not take an object")
    finally:
        association.release()


def _until(ledger: Ledger, query: str, least: int) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        with ledger.looking() as base:
            if base.execute(query).fetchone()[0] >= least:
                return
        if time.monotonic() > deadline:
            raise DeadlineExceeded(f"the node did not get so far within {_PATIENCE_S:.0f} s")
        time.sleep(0.05)


def _resident(process: subprocess.Popen[str]) -> float:
    """Of the node's own processes, MiB; a service of its own is not counted."""
    parent = psutil.Process(process.pid)
    own = [one for one in parent.children() if "recon.doors.node" in " ".join(one.cmdline())]
    return sum(one.memory_info().rss for one in [parent, *own]) / 2**20


def _write(path: Path, size: int, number: int, study: str) -> Path:
    rng = np.random.default_rng(number)
    y, x = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    image = np.where((x / 0.8) ** 2 + (y / 0.6) ** 2 < 1, 50.0, -1000.0) + rng.normal(0, 20, (size, size))
    dataset = Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = CTImageStorage, generate_uid()
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = f"2.25.1.{study}", f"2.25.2.{study}"
    dataset.PatientName, dataset.PatientID, dataset.Modality = "Bench", "BENCH", "CT"
    dataset.ImageType, dataset.SeriesNumber = ["ORIGINAL", "PRIMARY", "AXIAL"], 1
    dataset.FrameOfReferenceUID, dataset.InstanceNumber = f"2.25.3.{study}", number + 1
    dataset.ImageOrientationPatient, dataset.ImagePositionPatient = [1, 0, 0, 0, 1, 0], [0, 0, 3 * number]
    dataset.PixelSpacing, dataset.SliceThickness = [0.7, 0.7], 3
    dataset.Rows = dataset.Columns = size
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 12, 11, 0
    dataset.RescaleSlope, dataset.RescaleIntercept, dataset.RescaleType = 1, -1024, "HU"
    stored = np.clip(np.rint(image + 1024), 0, 4095).astype("<u2")
    dataset.add_new("PixelData", "OW", stored.tobytes())
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.save_as(path, enforce_file_format=True)
    return path
