"""A contrast pair through the node: two series of one study by C-STORE, the real service, one synthesis out."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest

from recon.client import Client
from recon.doors.node.courier import Courier
from recon.doors.node.reader import NodeResults
from recon.doors.node.releases import Releases
from recon.doors.node.work import Worker
from recon.doors.view.images import OpenImages
from tests.doors.node.nodes import Receiving, storescu, until
from tests.doors.node.test_completion import PAIR
from tests.io.dicom.write.test_required import faults
from tests.io.mr_slices import write_series
from tests.tasks.contrast.phantom import head, uptake

pytestmark = pytest.mark.service
SHAPE = (16, 64, 56)


@pytest.fixture(scope="module")
def scans(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Path]]:
    """A small head before contrast, and with a tenth of the dose."""
    folder, plain = tmp_path_factory.mktemp("scans"), head(SHAPE)
    rng = np.random.default_rng(0)
    made = {}
    for name, share in (("pre", 0.0), ("low", 0.1)):
        values = 400 * (plain + share * uptake(SHAPE)) + rng.normal(0, 4, SHAPE)
        described = lambda dataset, index, name=name: setattr(dataset, "SeriesDescription", f"T1 {name}")  # noqa: E731
        place = write_series(folder / name, np.clip(values, 0, 4000).astype(np.uint16), each=described)
        made[name] = sorted(place.glob("*.dcm"))
    return made


@pytest.mark.parametrize("order", [("pre", "low"), ("low", "pre")])
def test_a_pair_becomes_one_synthesis_whichever_comes_first(
    receiving: Callable[..., Receiving],
    scans: dict[str, list[Path]],
    tmp_path: Path,
    client: Client,
    order: tuple[str, str],
) -> None:
    node = receiving(
        rules=PAIR,
        destinations={"DISK": {"folder": str(tmp_path / "disk"), "plain_uncertainty": True}},
        completion={"quiet_s": 0.1, "pair_wait_s": 600},
    )
    worker = Worker(node.config, node.ledger, client)
    for place, name in enumerate(order):
        assert storescu(node.port, *scans[name]).returncode == 0
        until(node.decider.look)
        if place == 0:
            assert not worker.step(), "it waits for its partner"
    assert worker.step()
    joined, job = node.rows("SELECT * FROM jobs ORDER BY number")
    assert (joined["state"], job["state"]) == ("joined", "done"), job["reason"]
    Courier(node.config, node.ledger, "DISK", threading.Event()).step()
    sent = [pydicom.dcmread(path) for path in (tmp_path / "disk").rglob("*.dcm")]
    kinds = ("image", "uncertainty", "verdict")
    of_kind = {kind: node.rows("SELECT path FROM deliveries WHERE kind = ?", kind) for kind in kinds}
    source = pydicom.dcmread(scans["pre"][0])
    assert {one.StudyInstanceUID for one in sent} == {source.StudyInstanceUID}
    assert len(of_kind["image"]) == SHAPE[0]
    for kind, rows in of_kind.items():
        assert faults(Path(rows[0]["path"])) == [], kind
    assert any(job["verdict"] in one.get("SeriesDescription", "") for one in sent if one.Modality == "SR")
    releases = Releases(node.ledger)
    (case,) = NodeResults(node.ledger, releases).cases()
    shown = OpenImages().of(case)
    assert shown.shape == SHAPE
    assert shown.read("before", SHAPE[0] // 2) is not None, "the reader sees what it was made from"


def test_a_partner_that_comes_after_the_wait_still_makes_a_pair(
    receiving: Callable[..., Receiving], scans: dict[str, list[Path]], tmp_path: Path
) -> None:
    """The first scan's wait is told as failed; the second then finds it."""
    node = receiving(
        rules=PAIR,
        destinations={"DISK": {"folder": str(tmp_path / "disk")}},
        completion={"quiet_s": 0.1, "pair_wait_s": 0.05},
    )
    assert storescu(node.port, *scans["low"]).returncode == 0
    until(node.decider.look)

    def given_up() -> bool:
        node.decider.look()
        return node.rows("SELECT state FROM jobs") == [{"state": "failed"}]

    until(given_up)
    assert storescu(node.port, *scans["pre"]).returncode == 0
    until(node.decider.look)
    _, pair = node.rows("SELECT * FROM jobs ORDER BY number")
    assert pair["state"] == "pending"
    roles = node.rows("SELECT role, count(*) AS n FROM inputs WHERE job = ? GROUP BY role", pair["number"])
    assert {row["role"]: row["n"] for row in roles} == {"pre": SHAPE[0], "low": SHAPE[0]}
