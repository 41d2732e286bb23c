"""REVIEW waits for a reader: held, released on the page, withheld, taken back; killed in between."""

from __future__ import annotations

import os
import signal
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from recon.cli.main import app
from recon.doors.node.cleaning import Cleaner
from recon.doors.node.courier import Courier
from recon.doors.node.ledger import _SCHEMA, Ledger
from recon.doors.node.overview import overview
from recon.doors.node.releases import Releases, state_of
from recon.doors.node.space import Watermark
from recon.doors.node.web import WebServer, application
from recon.doors.node.work import Worker
from recon.doors.view.relay import node_address
from recon.errors import ServiceUnavailable
from recon.reading.book import Book
from recon.reading.decisions import Choice, JudgedResult, decide
from tests.doors.node.nodes import Receiving, free_port, node_process, until
from tests.doors.node.pacs import QUICK, received, storescp
from tests.doors.node.working import answering, ct_rule
from tests.doors.view.conftest import served

Start = Callable[..., Receiving]
A, L, R = Choice.ACCEPT, Choice.LOOK, Choice.REJECT


@pytest.mark.parametrize(
    ("choices", "state"),
    [
        ([{A}], "pending"),
        ([{A, L}], "pending"),
        ([{A}, {A}], "pending"),
        ([set()], "held"),
        ([{L}], "held"),
        ([{A}, set()], "held"),
        ([{A}, {L}], "held"),
        ([{R}], "withheld"),
        ([{A, R}], "withheld"),
        ([{A}, {R}], "withheld"),
    ],
)
def test_what_follows_from_the_choices_that_stand(choices: list[set[Choice]], state: str) -> None:
    assert state_of(choices) == state


class Page:
    """A reader of the node's page, who knows it by HTTP alone."""

    def __init__(self, url: str) -> None:
        self.url = url

    def case(self) -> dict[str, Any]:
        (found,) = httpx.get(f"{self.url}/reader/api/cases").json()["cases"]
        return dict(found)

    def tell(self, what: str, reader: str = "Ada", **given: str) -> dict[str, Any]:
        answer = httpx.post(
            f"{self.url}/reader/api/cases/{self.case()['key']}/{what}", json={"reader": reader, **given}, timeout=30
        )
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


def held_rule(tmp_path: Path, port: int, **more: Any) -> dict[str, Any]:
    content = ct_rule(tmp_path, hold_review=True, **more)
    content["rules"][0]["to"] = ["PACS"]
    content["destinations"]["PACS"] = {"dicom": f"PACS@127.0.0.1:{port}", **QUICK}
    return content


@pytest.fixture
def held(
    receiving: Start, make_series: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[Receiving, Page]]:
    """A node with a result that REVIEW holds back, and its page."""
    servers: list[WebServer] = []

    def make(http_tokens_file: str | None = None, **rule: Any) -> tuple[Receiving, Page]:
        node = receiving(**held_rule(tmp_path, free_port(), **rule), http_tokens_file=http_tokens_file)
        received(node, make_series(2))
        answering(monkeypatch, "REVIEW")
        assert Worker(node.config, node.ledger, None).step()  # type: ignore[arg-type]
        watermark = Watermark(node.config.folder, node.config.limits)
        servers.append(WebServer(application(node.config, node.ledger, node.inbox, watermark), "127.0.0.1:0"))
        return node, Page(f"http://127.0.0.1:{servers[-1].port}")

    yield make  # type: ignore[misc]
    for server in servers:
        server.close()


def states(node: Receiving, destination: str = "PACS") -> dict[str, int]:
    query = "SELECT state, count(*) AS n FROM deliveries WHERE destination = ? GROUP BY state"
    return {row["state"]: row["n"] for row in node.rows(query, destination)}


def send(node: Receiving, destination: str = "PACS") -> None:
    Courier(node.config, node.ledger, destination, threading.Event()).step()


@pytest.mark.service
def test_a_result_is_held_until_a_reader_accepts_it(held: Any, tmp_path: Path) -> None:
    """Through HTTP, to dcmtk's storescp; DICOMweb shows it no sooner."""
    node, page = held()
    port = int(node.config.destinations["PACS"].dicom.rpartition(":")[2])
    with storescp(tmp_path / "pacs", port):
        send(node)
        assert list((tmp_path / "pacs").iterdir()) == []
        assert states(node) == {"held": 3}
        assert page.case()["fate"] == "PACS: held until a reader accepts it"
        assert httpx.get(f"{page.url}/dicom-web/studies").status_code == 204
        assert page.tell("decisions", choice="look")["fate"] == "PACS: held until a reader accepts it"
        line = page.tell("decisions", choice="accept", note="fine")
        assert line["fate"] == "PACS: on its way, 0 of 3 objects sent"
        send(node)
        assert len(list((tmp_path / "pacs").iterdir())) == 3
    assert states(node) == {"sent": 3}
    assert page.case()["fate"] == "PACS: sent"
    assert len(httpx.get(f"{page.url}/dicom-web/studies").json()) == 1
    page.tell("undo")
    assert states(node) == {"sent": 3}, "what a peer has can't be called back"


@pytest.mark.service
def test_a_rejected_one_stays_and_a_decision_can_be_taken_back(held: Any, tmp_path: Path) -> None:
    node, page = held(review_to=["SECOND"])
    assert states(node, "SECOND") == {"pending": 3}, "where REVIEW goes at once"
    page.tell("decisions", choice="reject")
    assert states(node) == {"withheld": 3}
    assert "PACS: withheld, a reader rejected it" in page.case()["fate"]
    assert page.tell("undo")["taken_back"]["choice"] == "reject"
    assert states(node) == {"held": 3}
    page.tell("decisions", choice="accept")
    assert states(node) == {"pending": 3}
    page.tell("decisions", reader="Bea", choice="reject")
    assert states(node) == {"withheld": 3}, "one rejection withholds"
    page.tell("undo", reader="Bea")
    assert states(node) == {"pending": 3}
    page.tell("undo")
    assert states(node) == {"held": 3}
    send(node)
    assert states(node) == {"held": 3}
    said = [row["words"] for row in node.rows("SELECT words FROM said WHERE about = 'job 1' ORDER BY number")]
    assert said[1:] == [
        "withheld, a reader rejected it",
        "held again, the decision was taken back",
        "released by a reader",
        "withheld, a reader rejected it",
        "released by a reader",
        "held again, the decision was taken back",
    ]


@pytest.mark.service
def test_a_decision_about_an_earlier_result_releases_nothing(held: Any) -> None:
    node, page = held()
    name = page.case()["name"]
    decide(Book(node.config.folder / "decisions.sqlite"), JudgedResult(name, "0" * 64, "ct", "REVIEW"), "Ada", A)
    Releases(node.ledger).catch_up()
    assert states(node) == {"held": 3}


@pytest.mark.service
def test_what_waits_is_listed_and_kept_what_was_rejected_is_cleaned_away(held: Any) -> None:
    node, page = held()
    (waiting,) = overview(node.config)["held"]
    assert (waiting["job"], waiting["state"]) == (1, "waits for a reader")
    cleaner = Cleaner(node.config.model_copy(update={"retention": type(node.config.retention)(keep_s=0)}), node.ledger)
    cleaner.clean()
    assert (node.config.folder / "results" / "1").exists()
    page.tell("decisions", choice="reject")
    cleaner.clean()
    assert not (node.config.folder / "results" / "1").exists()
    Releases(node.ledger).catch_up()
    assert states(node) == {"withheld": 3}


@pytest.mark.service
def test_a_decision_survives_sigkill(held: Any, tmp_path: Path) -> None:
    """Killed between the book and the ledger, then while it is sent: each object arrives, once."""
    node, page = held()
    case, port = page.case(), int(node.config.destinations["PACS"].dicom.rpartition(":")[2])
    digest = httpx.get(f"{page.url}/reader/api/cases/{case['key']}").json()
    assert digest["verdict"] == "REVIEW"
    # the page wrote the decision down and was killed before it could tell the outbox
    releases = Releases(node.ledger)
    (result,) = releases._reports(1)
    decide(releases.book, JudgedResult(result[0], result[1], "ct", "REVIEW"), "Ada", A)
    assert states(node) == {"held": 3}
    with node_process(node.config, tmp_path, "decide"):
        until(lambda: states(node) == {"pending": 3}, 60)
    with storescp(tmp_path / "pacs", port):
        with node_process(node.config, tmp_path, "send") as process:
            until(lambda: list((tmp_path / "pacs").iterdir()), 60)
            os.kill(process.pid, signal.SIGKILL)
        with node_process(node.config, tmp_path, "send"):
            until(lambda: states(node) == {"sent": 3}, 60)
    assert len(list((tmp_path / "pacs").iterdir())) == 3


def test_a_ledger_of_an_earlier_version_is_brought_up_to_date(tmp_path: Path) -> None:
    base = sqlite3.connect(tmp_path / "node.sqlite")
    for statement in _SCHEMA.split(";\n"):
        base.execute(statement)
    base.execute("PRAGMA user_version = 1")
    base.execute(
        "INSERT INTO deliveries (destination, study, series, sop, sop_class, syntax, path, kind, priority, created) "
        "VALUES ('D', '', '', '1', '', '', '', 'original', 1, 0)"
    )
    base.commit()
    base.close()
    for _ in range(2):
        ledger = Ledger(tmp_path)
        with ledger.looking() as found:
            assert found.execute("SELECT by_reader FROM deliveries").fetchone()[0] == 0
            assert found.execute("SELECT count(*) FROM jobs WHERE early = 0").fetchone()[0] == 0
        ledger.close()


def test_a_rule_that_holds_back_needs_something_to_hold(configured: Any, tmp_path: Path) -> None:
    with pytest.raises(Exception, match="hold_review holds back what goes to 'to'"):
        configured(rules=[{"name": "ct", "task": "ct", "hold_review": True}])


def test_explain_says_what_waits(configured: Any, make_series: Any, tmp_path: Path) -> None:
    (file,) = make_series(1)
    path = tmp_path / "node.yaml"
    path.write_text(
        "titles: [RECON]\nfolder: node\nsenders: [{title: '*'}]\ndestinations: {DISK: {folder: out}}\n"
        "rules: [{name: ct, task: ct, to: [DISK], hold_review: true}]\n"
    )
    done = CliRunner().invoke(app, ["node", "explain", str(file), "--config", str(path)])
    assert "on REVIEW to nobody and, once a reader accepts, to DISK" in done.stdout


@pytest.mark.service
@pytest.mark.parametrize("named", ["address", "folder"])
def test_the_page_of_a_node_is_opened_from_elsewhere(held: Any, tmp_path: Path, named: str) -> None:
    """``recon view`` by the node's address or its folder; the browser never has the node's own token."""
    tokens = tmp_path / "tokens"
    tokens.write_text("of-the-node\n")
    node, page = held(http_tokens_file=str(tokens))
    words = [page.url.removeprefix("http://"), "--token-file", tokens] if named == "address" else [node.config.folder]
    with served(*words) as address, httpx.Client(follow_redirects=True, timeout=60) as client:
        assert "of-the-node" not in address
        assert client.get(address).status_code == 200
        base = address.partition("?")[0]
        (case,) = client.get(f"{base}api/cases").json()["cases"]
        assert case["fate"] == "PACS: held until a reader accepts it"
        assert client.get(f"{base}static/page.css").headers["content-type"].startswith("text/css")
        path = f"{base}api/cases/{case['key']}"
        shown = client.get(path).json()
        assert shown["shape"] == [1, 64, 64]
        assert len(client.get(f"{path}/slices/{shown['after']}/0").content) > 64 * 64 * 2
        assert client.post(f"{path}/decisions", json={"reader": "", "choice": "accept"}).status_code == 400
        assert client.post(f"{path}/decisions", json={"reader": "Ada", "choice": "accept"}).status_code == 200
        assert states(node) == {"pending": 3}
        assert httpx.get(f"{base}api/cases").status_code == 403


@pytest.mark.parametrize(
    ("named", "address"),
    [
        ("127.0.0.1:8042", "http://127.0.0.1:8042"),
        ("https://node.clinic/reader/", "https://node.clinic"),
        ("[::1]:80", "http://[::1]:80"),
        ("results", None),
        ("results/one", None),
        ("C:results", None),
    ],
)
def test_what_is_an_address(named: str, address: str | None) -> None:
    assert node_address(named) == address


def test_an_address_without_a_node_is_said_in_one_line() -> None:
    done = CliRunner().invoke(app, ["view", f"127.0.0.1:{free_port()}"])
    assert isinstance(done.exception, ServiceUnavailable)
    assert "no node answers there" in done.exception.problem
