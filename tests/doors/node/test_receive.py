"""What comes in, from dcmtk's programs: an implementation that is not ours."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRBigEndian, generate_uid
from pynetdicom import AE
from pynetdicom.sop_class import CTImageStorage

from recon.doors.node.facts import pseudonym
from tests.doors.node.nodes import Receiving, compressed, echoscu, storescu

pytestmark = pytest.mark.service

Start = Callable[..., Receiving]


def test_echo(receiving: Start) -> None:
    assert echoscu(receiving().port).returncode == 0


def test_objects_are_kept_as_they_came(receiving: Start, make_series: Any, tmp_path: Path) -> None:
    """mercure#49: what the sender encoded is what lies there, compressed or damaged or of an unknown class."""
    node = receiving()
    plain, other, odd, text = make_series(4)
    rle = compressed(other, tmp_path / "rle.dcm")
    dataset = pydicom.dcmread(odd)
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.9.1.3"
    dataset.save_as(odd)
    dataset = pydicom.dcmread(text)
    dataset.add_new(0x00204000, "LT", "x" * 70_000)  # longer than any reader likes
    dataset[0x00281053].value = "1"
    dataset.save_as(text)
    for path, options in ((plain, ()), (rle, ("-xr",)), (odd, ()), (text, ())):
        assert storescu(node.port, path, options=options).returncode == 0
    kept = {row["sop"]: Path(row["path"]) for row in node.rows("SELECT * FROM instances")}
    assert len(kept) == 4
    for path in (plain, rle, odd, text):
        sop = pydicom.dcmread(path, specific_tags=["SOPInstanceUID"]).SOPInstanceUID
        meta = pydicom.dcmread(kept[sop], stop_before_pixels=True).file_meta
        assert meta.SourceApplicationEntityTitle == "CT1"
        assert meta.TransferSyntaxUID == pydicom.dcmread(path, stop_before_pixels=True).file_meta.TransferSyntaxUID
        # dcmtk writes group lengths and padding its own way; the values are what has to be the same
        assert pydicom.dcmread(kept[sop]) == pydicom.dcmread(path)


def test_names_of_files_hold_no_patient_data(receiving: Start, make_series: Any) -> None:
    node = receiving()
    storescu(node.port, *make_series(1, PatientID="SECRET", PatientName="Doe^Jane"))
    (row,) = node.rows("SELECT * FROM instances JOIN series ON series.number = instances.series")
    assert Path(row["path"]).name == pseudonym(row["sop"]) + ".dcm"
    assert row["sop"] not in row["path"]
    assert row["uid"] not in row["path"]


def test_the_same_twice_is_kept_once(receiving: Start, make_series: Any) -> None:
    node = receiving()
    (path,) = make_series(1)
    for _ in range(2):
        assert storescu(node.port, path).returncode == 0
    assert len(node.rows("SELECT * FROM instances")) == 1
    assert node.rows("SELECT * FROM said WHERE about LIKE 'instance%'") == []


@pytest.mark.parametrize(("answer", "status"), [("accept", 0), ("refuse", 0xC001)])
def test_another_with_the_same_uid(receiving: Start, make_series: Any, answer: str, status: int) -> None:
    """dcm4che#1103: the first is kept, the ledger says so, the sender hears what the site wants it to hear."""
    node = receiving(differing_duplicate=answer)
    (path,) = make_series(1)
    storescu(node.port, path)
    (before,) = node.rows("SELECT * FROM instances")
    dataset = pydicom.dcmread(path)
    dataset.PixelData = bytes(len(dataset.PixelData))
    dataset.save_as(path)
    done = storescu(node.port, path, options=("-d",))
    assert f"0x{status:04x}" in (done.stdout + done.stderr).lower()
    assert node.rows("SELECT * FROM instances") == [before]
    assert "other content" in node.rows("SELECT * FROM said WHERE about LIKE 'instance%'")[0]["words"]


@pytest.mark.parametrize(
    ("calling", "called", "words"),
    [("CT1", "OTHER", "Called AE Title Not Recognized"), ("STRANGER", "RECON", "Calling AE Title Not Recognized")],
)
def test_strangers_hear_why(receiving: Start, calling: str, called: str, words: str) -> None:
    node = receiving(senders=[{"title": "CT1", "address": "127.0.0.0/8"}])
    done = echoscu(node.port, calling=calling, called=called)
    assert done.returncode != 0
    assert words in done.stdout + done.stderr


def test_a_known_title_from_elsewhere_is_a_stranger(receiving: Start) -> None:
    node = receiving(senders=[{"title": "CT1", "address": "10.1.0.0/16"}])
    done = echoscu(node.port)
    assert "Calling AE Title Not Recognized" in done.stdout + done.stderr


def test_many_senders_at_a_time(receiving: Start, make_series: Any) -> None:
    node = receiving(senders=[{"title": "*", "most_associations": 30}])
    series = [make_series(2, size=32) for _ in range(12)]
    done: list[int] = []
    threads = [
        threading.Thread(target=lambda files=files: done.append(storescu(node.port, *files).returncode))
        for files in series
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == [0] * 12
    assert len(node.rows("SELECT * FROM instances")) == 24


def test_damaged_and_big_endian_data_pass(receiving: Start) -> None:
    node = receiving()
    dataset = Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = CTImageStorage, generate_uid()
    dataset.PatientName = "A^B"
    ae = AE(ae_title="OLD")
    ae.add_requested_context(CTImageStorage, ExplicitVRBigEndian)
    association = ae.associate("127.0.0.1", node.port, ae_title="RECON")
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    assert association.send_c_store(dataset).Status == 0
    association.release()
    (row,) = node.rows("SELECT * FROM instances")
    assert row["syntax"] == ExplicitVRBigEndian
