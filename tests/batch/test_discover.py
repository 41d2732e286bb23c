"""What is found in an archive, what belongs together, and that nothing goes unnamed."""

from __future__ import annotations

import gzip
import os
import shutil
import zipfile
from pathlib import Path

import h5py
import nibabel as nib
import numpy as np
import pydicom
import pytest

from recon.batch.classify import classify
from recon.batch.discover import discover
from recon.batch.ledger import BatchLedger
from recon.batch.lock import file_system, refuse_network
from recon.batch.plan import TaskRule, plan
from recon.batch.status import status
from recon.errors import InvalidRequest
from tests.batch.archives import run, write_nifti, write_series


def _planned(archive: Path, output: Path, rules: tuple[TaskRule, ...] = ()) -> dict[str, tuple[str, int, str]]:
    """Task, number of files and reason by name."""
    output.mkdir(exist_ok=True)
    ledger = BatchLedger(output)
    discover(ledger, [archive], settle_s=0)
    plan(ledger, rules)
    with ledger.looking() as base:
        query = (
            "SELECT name, task, count(*), why FROM items "
            "JOIN inputs ON item = number AND inputs.state = '' GROUP BY name"
        )
        found = {row[0]: (row[1], row[2], row[3]) for row in base.execute(query)}
    ledger.close()
    return found


def _reasons(output: Path) -> dict[str, str]:
    return {Path(path).name: entry["reason"] for path, entry in status(output)["inputs"].items()}


def test_tasks_with_reasons(tmp_path: Path) -> None:
    a = tmp_path / "a"
    write_series(a / "chest", 3)
    write_nifti(a / "hu.nii.gz")
    write_nifti(a / "sub1_T1_pre.nii.gz", 1, air=0.0)
    write_nifti(a / "sub1_T1_low.nii.gz", 2, air=0.0)
    with h5py.File(a / "k.h5", "w") as file:
        file["kspace"] = np.zeros((1, 2, 8, 8), np.complex64)
    write_series(a / "mr1", 2, modality="MR", description="T1 pre", study="1.2.3")
    write_series(a / "mr2", 2, modality="MR", description="T1 low dose", study="1.2.3", number=2)
    found = _planned(a, tmp_path / "out")
    assert {name: entry[:2] for name, entry in found.items()} == {
        "chest_1": ("ct", 3),
        "hu": ("ct", 1),
        "sub1_T1_low": ("contrast", 2),
        "k": ("mr", 1),
        "mr1_1": ("contrast", 4),
    }
    assert all(entry[2] for entry in found.values())


def test_what_is_left_out_is_named(tmp_path: Path) -> None:
    a = tmp_path / "a"
    a.mkdir()
    (a / "notes.txt").write_text("hello")
    (a / ".hidden").write_text("x")
    (a / "empty.dcm").write_bytes(b"")
    (a / "noise.dcm").write_bytes(os.urandom(500))
    (a / "broken.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + b"0" * 50)
    (a / "broken.nii.gz").write_bytes(b"\x1f\x8b123")
    with h5py.File(a / "other.h5", "w") as file:
        file["weights"] = np.zeros(3)
    write_nifti(a / "mr.nii.gz", air=0.0)
    write_nifti(a / "alone_pre.nii.gz", air=0.0, seed=1)
    write_series(a / "mr", 1, modality="MR")
    (a / "gone.dcm").symlink_to(a / "nowhere")
    (a / "loop").symlink_to(a)
    os.mkfifo(a / "pipe")
    counts = run(a, tmp_path / "out")
    found = status(tmp_path / "out")
    assert counts["items"] == len(found["inputs"]) == counts["failed"] + counts["skipped"] == 13
    states = {Path(path).name: entry["state"] for path, entry in found["inputs"].items()}
    failed = {name for name, state in states.items() if state == "failed"}
    assert failed == {"empty.dcm", "noise.dcm", "broken.h5", "broken.nii.gz", "gone.dcm"}
    assert all(entry["reason"] for entry in found["inputs"].values())
    assert "needs its pair" in _reasons(tmp_path / "out")["mr.nii.gz"]


def test_a_name_that_is_not_utf8_is_said(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with open(os.fsencode(tmp_path / "a") + b"/n\xff.dcm", "wb") as file:
        file.write(b"x")
    run(tmp_path / "a", tmp_path / "out")
    assert _reasons(tmp_path / "out") == {"n\\xff.dcm": "its name is not UTF-8; rename it"}


def test_copies_are_left_out_by_name(tmp_path: Path) -> None:
    a = tmp_path / "a"
    files = write_series(a / "one", 3)
    shutil.copy(files[0], a / "one" / "000(1).dcm")
    shutil.copytree(a / "one", a / "backup")
    write_nifti(a / "n.nii.gz")
    shutil.copy(a / "n.nii.gz", a / "n(1).nii.gz")
    counts = run(a, tmp_path / "out")
    found = status(tmp_path / "out")
    assert (counts["done"], counts["skipped"], counts["exit_status"]) == (2, 6, 0)
    assert len(found["inputs"]) == 10
    done = sorted(Path(path).name for path, entry in found["inputs"].items() if entry["state"] == "done")
    assert done == ["000.dcm", "001.dcm", "002.dcm", "n.nii.gz"]
    assert _reasons(tmp_path / "out")["n(1).nii.gz"] == f"duplicate of {a / 'n.nii.gz'}"
    # the same again changes nothing
    assert run(a, tmp_path / "out")["done"] == 2


def test_same_instance_with_other_content_is_no_copy(tmp_path: Path) -> None:
    files = write_series(tmp_path / "a" / "one", 2)
    data = bytearray(files[0].read_bytes())
    data[-1] ^= 1
    (tmp_path / "a" / "one" / "000(1).dcm").write_bytes(data)
    assert _planned(tmp_path / "a", tmp_path / "out")["one_1"][1] == 3  # its reader decides


def test_growing_input_is_unstable(tmp_path: Path) -> None:
    a, out = tmp_path / "a", tmp_path / "out"
    write_series(a / "whole", 2)
    write_series(a / "growing", 3)
    late = a / "growing" / "002.dcm"
    held, rest = late.read_bytes(), tmp_path / "rest"
    late.rename(rest)
    out.mkdir()
    ledger = BatchLedger(out)
    # between the two looks a slice arrives, and another file grows
    discover(ledger, [a], 0, lambda seen: late.write_bytes(held))
    plan(ledger)
    ledger.close()
    found = status(out)
    assert (found["pending"], found["skipped"], found["unstable"]) == (1, 3, 3)
    growing = [entry for path, entry in found["inputs"].items() if "/growing/" in path]
    assert {entry["state"] for entry in growing} == {"skipped"}
    assert all(entry["reason"].startswith("unstable: ") for entry in growing)
    counts = run(a, out)
    assert (counts["done"], counts["skipped"], counts["exit_status"]) == (2, 0, 0)


def test_rules_of_a_specification(tmp_path: Path) -> None:
    a = tmp_path / "a"
    write_nifti(a / "x_ct.nii.gz", air=0.0)
    write_nifti(a / "old" / "y.nii.gz", seed=1)
    found = _planned(a, tmp_path / "out", (TaskRule("*/old/*", "skip"), TaskRule("*_ct.nii.gz", "ct")))
    assert found == {"x_ct": ("ct", 1, "rule 2 of the specification (*_ct.nii.gz)")}


def test_equal_labels_get_distinct_folders(tmp_path: Path) -> None:
    for name in ("p a", "p_a", "P_a"):
        write_series(tmp_path / "a" / name, 1)
    names = list(_planned(tmp_path / "a", tmp_path / "out"))
    assert len({name.lower() for name in names}) == 3


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "fuse.sshfs", "lustre"])
def test_network_file_systems_are_refused(kind: str, tmp_path: Path) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        f"22 1 8:1 / / rw - ext4 /dev/sda1 rw\n40 22 0:35 / {tmp_path}/far rw shared:1 - {kind} server:/x rw\n"
    )
    assert file_system(tmp_path / "near", mounts) == "ext4"
    refuse_network(tmp_path / "near", mounts)
    with pytest.raises(InvalidRequest, match="give -o a folder on a disk of this machine"):
        refuse_network(tmp_path / "far" / "out", mounts)


def test_a_bare_file_is_classified_without_its_pixels(tmp_path: Path) -> None:
    path = write_series(tmp_path / "one", 1)[0]
    found = classify(path, tmp_path)
    assert (found.kind, found.label, found.taken) == ("CT", "one_1", "2024-01-02")


@pytest.mark.parametrize("order", ["132", "213", "321"])
def test_two_possible_partners_are_named_whatever_their_order(tmp_path: Path, order: str) -> None:
    a, descriptions = tmp_path / "a", {"1": "AX T1 PRE", "2": "AX T2 PRE", "3": "AX T1 LOW DOSE"}
    for place, key in enumerate(order):
        write_series(a / f"{place}", 2, modality="MR", description=descriptions[key], study="1.2.3", number=int(key))
    assert _planned(a, tmp_path / "out") == {}
    reasons = set(_reasons(tmp_path / "out").values())
    assert len(reasons) == 1
    (reason,) = reasons
    assert "2 'pre'" in reason
    assert "1 'low'" in reason
    assert all(f"{order.index(key)}_{key}" in reason for key in "12")
    # a rule says which is none
    found = _planned(a, tmp_path / "out2", (TaskRule(f"*/{order.index('2')}/*", "skip"),))
    assert [entry[:2] for entry in found.values()] == [("contrast", 4)]


def test_bids_names_pair(tmp_path: Path) -> None:
    a = tmp_path / "a" / "sub-01" / "anat"
    for seed, name in enumerate(("sub-01_T1w", "sub-01_ce-gadolinium_T1w", "sub-01_T2w", "sub-01_FLAIR")):
        write_nifti(a / f"{name}.nii.gz", seed, air=0.0)
        (a / f"{name}.json").write_text("{}")
    found = _planned(tmp_path / "a", tmp_path / "out")
    assert [entry[:2] for entry in found.values()] == [("contrast", 2)]


def test_packed_scans_are_named_and_the_run_says_so(tmp_path: Path) -> None:
    a = tmp_path / "a"
    files = write_series(a / "one", 2)
    (a / "x.dcm.gz").write_bytes(gzip.compress(files[0].read_bytes()))
    (a / "table.tsv.gz").write_bytes(gzip.compress(b"a\tb\n"))
    with zipfile.ZipFile(a / "study.zip", "w") as archive:
        archive.write(files[0], "deep/000.dcm")
    counts = run(a, tmp_path / "out")
    assert (counts["done"], counts["failed"], counts["skipped"], counts["exit_status"]) == (1, 2, 1, 1)
    reasons = _reasons(tmp_path / "out")
    assert "unpack it" in reasons["x.dcm.gz"]
    assert "deep/000.dcm inside" in reasons["study.zip"]


def test_what_the_command_reads_the_archive_reads(tmp_path: Path) -> None:
    a = tmp_path / "a"
    for path in write_series(a / "anonymous", 3):
        data = pydicom.dcmread(path)
        del data.SeriesInstanceUID
        data.save_as(path)
    with h5py.File(a / "raw.h5", "w") as file:
        file["2024-01-02/xml"], file["2024-01-02/data"] = b"<x/>", np.zeros(3)
    found = _planned(a, tmp_path / "out")
    assert {entry[:2] for entry in found.values()} == {("ct", 3), ("mr", 1)}


def test_a_difference_of_scans_or_a_phase_is_never_ct(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for name, values in (
        ("difference", rng.normal(0, 180, (32, 32, 8))),
        ("phase", rng.uniform(-4096, 4095, (32, 32, 8))),
        ("strong_difference", rng.laplace(0, 300, (32, 32, 8))),
    ):
        nib.Nifti1Image(values.astype(np.float32), np.eye(4)).to_filename(tmp_path / f"{name}.nii.gz")
    (tmp_path / "a").mkdir()
    for path in tmp_path.glob("*.nii.gz"):
        path.rename(tmp_path / "a" / path.name)
    assert _planned(tmp_path / "a", tmp_path / "out") == {}
    assert all("difference" in reason for reason in _reasons(tmp_path / "out").values())
