"""What an archive, a disk and a bystander can do to a run: each is said in a line, and nothing is lost."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from recon.batch import execute
from recon.batch.archive import Hooks, kept_spec, resume
from recon.batch.discover import changed_since, discover
from recon.batch.ledger import BatchLedger
from recon.batch.lock import LedgerInUse, file_system, held, is_held
from recon.batch.plan import plan
from recon.batch.spec import Spec, spec_of
from recon.batch.status import status
from recon.errors import InvalidRequest, OutputFailed, ServiceUnavailable, UnreadableInput, outcome_of
from tests.batch.archives import QUICK, FakeExecutor, connecting, run, write_nifti, write_series


def _states(output: Path) -> dict[str, tuple[str, str]]:
    return {Path(p).name: (entry["state"], entry["reason"]) for p, entry in status(output)["inputs"].items()}


@pytest.fixture
def open_path() -> Iterator[Path]:
    """A folder that any user may enter."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder)


@contextmanager
def _nobody() -> Iterator[None]:
    """As a user whom permissions hold for."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_folder_whose_name_is_not_utf8_is_said(tmp_path: Path) -> None:
    a = tmp_path / "a"
    bad = Path(os.fsdecode(os.fsencode(a) + b"/d\xff"))
    write_nifti(bad / "n.nii")
    (bad / "link").symlink_to(a)
    write_nifti(a / "ok.nii", 1)
    assert run(a, tmp_path / "out")["done"] == 1
    found = status(tmp_path / "out")["inputs"]
    assert found[f"{a}/d\\xff/n.nii"]["reason"] == "its name is not UTF-8; rename it"
    assert found[f"{a}/d\\xff/link"]["state"] == "skipped"


def test_a_file_whose_name_is_not_utf8_arrives_beside_a_series(tmp_path: Path) -> None:
    write_series(tmp_path / "a" / "one", 2)
    (tmp_path / "out").mkdir()
    ledger = BatchLedger(tmp_path / "out")
    discover(ledger, [tmp_path / "a"], 0)
    plan(ledger)
    Path(os.fsdecode(os.fsencode(tmp_path / "a" / "one") + b"/\xff.dcm")).write_bytes(b"x")
    item = ledger.claim()
    assert item is not None
    assert changed_since(ledger, item) == ""
    ledger.close()


def test_links_that_lead_nowhere(tmp_path: Path) -> None:
    a, loop = tmp_path / "a", tmp_path / "a" / "self"
    write_nifti(a / "ok.nii", 1)
    loop.symlink_to(loop)
    assert run(a, tmp_path / "out")["done"] == 1
    assert _states(tmp_path / "out")["self"][0] == "failed"
    with pytest.raises(UnreadableInput, match="no such file or folder"):
        run(loop, tmp_path / "out2")
    with pytest.raises(OutputFailed, match="choose another folder"):
        run(a, loop)


def test_a_folder_that_can_not_be_entered_costs_nothing_else(open_path: Path) -> None:
    a, out = open_path / "a", open_path / "out"
    write_nifti(a / "ok.nii", 1)
    write_nifti(a / "closed" / "x.nii", 2)
    (a / "closed").chmod(0)
    out.mkdir()
    out.chmod(0o777)
    with _nobody():
        counts = run(a, out)
    (a / "closed").chmod(0o700)
    assert (counts["done"], counts["failed"], counts["exit_status"]) == (1, 1, 1)
    assert _states(out)["closed"] == ("failed", "can't be read: Permission denied")


def test_an_output_folder_that_can_not_be_written_is_said(open_path: Path) -> None:
    write_nifti(open_path / "a" / "ok.nii", 1)
    (open_path / "out").mkdir(mode=0o555)
    with _nobody(), pytest.raises(OutputFailed, match=r"Permission denied.*another folder"):
        run(open_path / "a", open_path / "out")


def test_half_of_a_file_is_unstable_and_not_broken(tmp_path: Path) -> None:
    a, out = tmp_path / "a", tmp_path / "out"
    whole = write_nifti(tmp_path / "whole.nii.gz").read_bytes()
    a.mkdir()
    out.mkdir()
    (a / "n.nii.gz").write_bytes(whole[:20])
    (a / "broken.nii.gz").write_bytes(whole[:20])
    ledger = BatchLedger(out)
    discover(ledger, [a], 0, lambda seen: (a / "n.nii.gz").write_bytes(whole[:30]))
    plan(ledger)
    ledger.close()
    found = status(out)
    assert (found["unstable"], found["skipped"], found["failed"]) == (1, 1, 1)
    (a / "n.nii.gz").write_bytes(whole)
    counts = run(a, out)
    assert (counts["done"], counts["skipped"], counts["failed"]) == (1, 0, 1)


def test_a_series_that_was_done_and_grows_again(tmp_path: Path) -> None:
    files = write_series(tmp_path / "a" / "one", 2)
    now = files[0].stat().st_mtime_ns
    run(tmp_path / "a", tmp_path / "out")
    os.utime(files[0], ns=(now, now + 1))
    assert run(tmp_path / "a", tmp_path / "out")["failed"] == 1

    def grow(seen: int) -> None:
        os.utime(files[0], ns=(now, now + 2))

    executor = FakeExecutor()
    counts = resume(tmp_path / "out", connecting(executor), QUICK, Hooks(files_seen=grow), again="failed")
    assert (counts["done"], executor.calls) == (0, [])
    counts = resume(tmp_path / "out", connecting(executor), QUICK)
    assert (counts["done"], counts["items"], counts["exit_status"]) == (1, 1, 0)


def test_a_file_that_turned_into_something_else_counts_once(tmp_path: Path) -> None:
    a, out = tmp_path / "a", tmp_path / "out"
    path = write_nifti(a / "n.nii")
    out.mkdir()
    ledger = BatchLedger(out)
    ledger.set("spec", Spec([str(a)], settle_s=0.0).to_json())
    discover(ledger, [a], 0)
    plan(ledger)
    ledger.close()
    path.write_bytes(b"no NIfTI any more")
    executor = FakeExecutor()
    resume(out, connecting(executor), QUICK)
    found = status(out)
    assert (found["items"], found["failed"], len(found["inputs"]), executor.calls) == (1, 1, 1, [])


def test_a_result_that_is_out_of_date_has_no_verdict(tmp_path: Path) -> None:
    path = write_nifti(tmp_path / "a" / "n.nii")
    run(tmp_path / "a", tmp_path / "out")
    assert "1 PASS" in (tmp_path / "out" / "report.html").read_text()
    write_nifti(path, seed=5)
    resume(tmp_path / "out", connecting(FakeExecutor()), QUICK)
    assert "1 PASS" not in (tmp_path / "out" / "report.html").read_text()


def test_the_report_tells_that_there_was_no_service(tmp_path: Path) -> None:
    @contextmanager
    def nobody(spec: Spec) -> Iterator[execute.Executor]:
        raise ServiceUnavailable("nobody answers")
        yield

    write_nifti(tmp_path / "a" / "n.nii")
    run(tmp_path / "a", tmp_path / "out")
    write_nifti(tmp_path / "a" / "new.nii", 1)
    with pytest.raises(ServiceUnavailable):
        resume(tmp_path / "out", nobody, QUICK)
    found, page = status(tmp_path / "out"), (tmp_path / "out" / "report.html").read_text()
    assert (found["done"], found["pending"], found["stopped"]) == (1, 1, "nobody answers")
    assert ">1</b>pending<" in page
    assert "nobody answers" in page


@pytest.mark.parametrize(
    ("options", "words"),
    [({"strenght": 1}, "no option 'strenght'; known are"), ({"strength": "high"}, "strength of ct is 'high'")],
)
def test_wrong_options_of_a_task_are_said_at_once(options: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidRequest, match=words):
        spec_of({"inputs": ["a"], "tasks": {"ct": options}}, "spec.yaml", Path("/"))
    assert spec_of({"inputs": ["a"], "tasks": {"ct": {"strength": 1}}}, "spec.yaml", Path("/")).tasks


def test_a_network_disk_whose_name_is_not_ascii_is_seen(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_bytes(
        b"1 0 0:1 / / rw - ext4 x rw\n"
        + "2 1 0:2 / /mnt/Donn\u00e9es\\040nouvelles rw - nfs4 x rw\n".encode()
        + b"3 1 0:3 / /mnt/\xff rw - ext4 x rw\n"
    )
    assert file_system(Path("/mnt/Donn\u00e9es nouvelles/out"), mounts) == "nfs4"


def test_a_run_that_was_killed_as_its_ledger_was_made(tmp_path: Path) -> None:
    (tmp_path / "ledger.sqlite").write_bytes(b"")
    with pytest.raises(UnreadableInput, match="stopped before it began; start it again"):
        kept_spec(tmp_path)
    write_nifti(tmp_path / "a" / "n.nii")
    assert run(tmp_path / "a", tmp_path)["done"] == 1


def test_being_killed_uses_up_no_attempt(tmp_path: Path) -> None:
    write_nifti(tmp_path / "a" / "n.nii")
    (tmp_path / "out").mkdir()
    ledger = BatchLedger(tmp_path / "out")
    discover(ledger, [tmp_path / "a"], 0)
    plan(ledger)
    for _ in range(5):
        item = ledger.claim()
        assert item is not None
        assert item.attempts == 1
        ledger.reclaim()
    ledger.close()


def test_whoever_looks_at_the_lock_refuses_no_run(tmp_path: Path) -> None:
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            is_held(tmp_path)

    with held(tmp_path):
        pass
    looking = threading.Thread(target=look)
    looking.start()
    try:
        for _ in range(300):
            with held(tmp_path):
                pass
    finally:
        over.set()
        looking.join()


def test_a_run_that_is_refused_could_not_start() -> None:
    assert outcome_of(LedgerInUse("a run is under way")).exit_code == 2
