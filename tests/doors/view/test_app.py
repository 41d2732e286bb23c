"""Only who has the token gets in, nothing is changed from elsewhere, decisions are kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient
from typer.testing import CliRunner

from recon.batch.items import Item
from recon.batch.report import write_report
from recon.batch.verify import verify
from recon.cli import quality
from recon.doors.view.app import reader_app
from recon.doors.view.case import Case
from recon.doors.view.sources import FolderSource
from recon.quality.verdict import Verdict
from recon.reading.decisions import Choice, Decision, decide
from tests.batch import archives
from tests.doors.view.samples import HOSTILE, broken, ct_dicom, write_source

TOKEN = "right"


@pytest.fixture
def results(tmp_path: Path) -> Path:
    parent = tmp_path / "results"
    ct_dicom(parent, "good", slices=2)
    ct_dicom(parent, "bad", slices=2, verdict=Verdict.REJECT, header={"patient": HOSTILE[:60]})
    return parent


def page(source: FolderSource, **given: object) -> TestClient:
    app = reader_app(source, token=TOKEN, hosts=("127.0.0.1",), **given)  # type: ignore[arg-type]
    client = TestClient(app, base_url="http://127.0.0.1:8000")
    assert client.get("/", params={"token": TOKEN}).status_code == 200
    return client


def test_nobody_gets_in_without_the_token(results: Path) -> None:
    app = reader_app(FolderSource([results]), token=TOKEN, hosts=("127.0.0.1",))
    stranger = TestClient(app, base_url="http://127.0.0.1:8000", follow_redirects=False)
    for path in ("/", "/api/cases", "/static/page.css", "/api/decisions.csv"):
        assert stranger.get(path).status_code == 403
        assert stranger.get(path, params={"token": "wrong"}).status_code == 403
    answer = stranger.get("/", params={"token": TOKEN})
    assert answer.status_code == 303
    assert TOKEN not in answer.headers["location"]
    assert {"HttpOnly", "SameSite=strict"} <= set(answer.headers["set-cookie"].split("; "))
    assert stranger.get("/api/cases").status_code == 200


def test_no_foreign_name_and_no_foreign_page(results: Path) -> None:
    client = page(FolderSource([results]))
    assert client.get("/api/cases", headers={"host": "evil.example"}).status_code == 421
    key = client.get("/api/cases").json()["cases"][0]["key"]
    given = {"reader": "Eve", "choice": "accept"}
    for headers in ({"origin": "http://evil.example"}, {"origin": "http://127.0.0.1:9999"}):
        assert client.post(f"/api/cases/{key}/decisions", json=given, headers=headers).status_code == 403
    plain = client.post(
        f"/api/cases/{key}/decisions", content=json.dumps(given), headers={"content-type": "text/plain"}
    )
    assert plain.status_code == 415
    assert not (results / "decisions.sqlite").exists()


def test_nothing_runs_but_the_pages_own_scripts(results: Path) -> None:
    policy = page(FolderSource([results])).get("/").headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_the_worst_is_first_and_every_line_says_why(results: Path) -> None:
    broken(results)
    lines = page(FolderSource([results])).get("/api/cases").json()["cases"]
    assert [line["verdict"] for line in lines] == ["REJECT", "UNREADABLE", "UNREADABLE", "REVIEW", "PASS", "PASS"]
    assert "damaged" in lines[1]["why"]
    assert "motion 12 mm" in lines[3]["why"]
    assert lines[0]["patient"] == HOSTILE[:60]  # as it is: the page shows it as text


def test_a_decision_is_kept_beside_the_results(results: Path) -> None:
    told: list[tuple[str, str, bool]] = []

    def heard(case: Case, decision: Decision) -> None:
        told.append((case.name, str(decision.choice), decision.taken_back is not None))

    client = page(FolderSource([results]), on_decision=heard)
    before = client.get("/api/revision").json()["revision"]
    key = next(line["key"] for line in client.get("/api/cases").json()["cases"] if line["name"] == "good")
    made = client.post(f"/api/cases/{key}/decisions", json={"reader": "Ada", "choice": "accept", "note": "fine"})
    assert made.json()["decisions"][0]["note"] == "fine"
    assert (results / "decisions.sqlite").exists()
    assert client.get("/api/revision").json()["revision"] != before
    again = page(FolderSource([results / "good"])).get(f"/api/cases/{key}").json()
    assert [(one["reader"], one["choice"], one["current"]) for one in again["decisions"]] == [("Ada", "accept", True)]
    assert "Ada" in client.get("/api/decisions.csv").text
    assert client.get("/api/decisions.json").json()["decisions"][0]["verdict"] == "PASS"
    back = client.post(f"/api/cases/{key}/undo", json={"reader": "Ada"}).json()
    assert back["decisions"] == []
    assert back["taken_back"]["choice"] == "accept"
    assert told == [("good", "accept", False), ("good", "accept", True)]


def test_a_decision_about_an_earlier_result_is_marked(results: Path) -> None:
    client = page(FolderSource([results]))
    line = next(line for line in client.get("/api/cases").json()["cases"] if line["name"] == "good")
    client.post(f"/api/cases/{line['key']}/decisions", json={"reader": "Ada", "choice": "accept"})
    report = results / "good" / "report.json"
    report.write_text(report.read_text() + "\n")
    line = client.get(f"/api/cases/{line['key']}").json()
    assert line["decisions"][0]["current"] is False


def test_what_was_thought_of_an_earlier_result_gives_way(results: Path) -> None:
    client = page(FolderSource([results]))
    line = next(line for line in client.get("/api/cases").json()["cases"] if line["name"] == "good")
    client.post(f"/api/cases/{line['key']}/decisions", json={"reader": "Ada", "choice": "accept"})
    report = results / "good" / "report.json"
    report.write_text(report.read_text() + "\n")
    given = {"reader": "Ada", "choice": "reject"}
    line = client.post(f"/api/cases/{line['key']}/decisions", json=given).json()
    assert [(one["choice"], one["current"]) for one in line["decisions"]] == [("reject", True)]


@pytest.mark.parametrize("one_book", [True, False])
def test_two_results_of_one_name_are_decided_on_by_themselves(tmp_path: Path, one_book: bool) -> None:
    """Folders of two models, or of two patients: each has its own decision, and undo takes that one back."""
    for place, day in (("a", "20250105"), ("b", "20260105")):
        ct_dicom(tmp_path / place, "chest", slices=2, source=write_source(tmp_path / f"source_{place}", 2, date=day))
    source = FolderSource([tmp_path / "a", tmp_path / "b"], tmp_path / "book.sqlite" if one_book else None)
    client = page(source)
    keys = {line["taken"][:4]: line["key"] for line in client.get("/api/cases").json()["cases"]}
    for year, choice in (("2025", "accept"), ("2026", "reject")):
        client.post(f"/api/cases/{keys[year]}/decisions", json={"reader": "Ada", "choice": choice})

    def decided() -> dict[str, list[str]]:
        lines = client.get("/api/cases").json()["cases"]
        alone = {line["key"]: client.get(f"/api/cases/{line['key']}").json()["decisions"] for line in lines}
        assert {line["key"]: line["decisions"] for line in lines} == alone
        return {line["taken"][:4]: [one["choice"] for one in line["decisions"]] for line in lines}

    assert decided() == {"2025": ["accept"], "2026": ["reject"]}
    client.post(f"/api/cases/{keys['2025']}/undo", json={"reader": "Ada"})
    assert decided() == {"2025": [], "2026": ["reject"]}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"reader": "", "choice": "accept"}, "name"),
        ({"reader": "Ada", "choice": "maybe"}, "accept, look, reject"),
        ({"reader": "Ada", "choice": "accept", "note": "x" * 5000}, "5000"),
        ([1], "object"),
    ],
)
def test_what_can_not_be_a_decision_is_refused(results: Path, given: object, words: str) -> None:
    client = page(FolderSource([results]))
    key = client.get("/api/cases").json()["cases"][0]["key"]
    answer = client.post(f"/api/cases/{key}/decisions", json=given)
    assert answer.status_code == 400
    assert words in answer.json()["problem"]


def test_what_is_not_there_is_said(results: Path) -> None:
    client = page(FolderSource([results]))
    key = client.get("/api/cases").json()["cases"][0]["key"]
    assert client.get("/api/cases/0000").status_code == 404
    assert client.get(f"/api/cases/{key}/slices/image/99").status_code == 204
    assert client.get(f"/api/cases/{key}/slices/..%2f/0").status_code in (204, 404)
    assert client.get("/static/../app.py").status_code == 404
    (results / "bad" / "image" / "0001.dcm").write_bytes(b"cut")
    client = page(FolderSource([results]))
    assert client.get(f"/api/cases/{key}").json()["report"]["checks"]
    answer = client.get(f"/api/cases/{key}/slices/image/0")
    assert answer.status_code == 422
    assert "damaged" in answer.json()["problem"]
    assert client.get(f"/api/cases/{key}/slices/image/1").status_code == 200


def test_a_batch_is_shown_from_its_ledger(tmp_path: Path) -> None:
    archives.write_series(tmp_path / "archive" / "one")
    archives.run(tmp_path / "archive", tmp_path / "out")
    write_report(tmp_path / "out")
    (line,) = page(FolderSource([tmp_path / "out"])).get("/api/cases").json()["cases"]
    assert line["taken"] == "2024-01-02"
    (case,) = FolderSource([tmp_path / "out"]).cases()
    assert [path.parent.name for path in case.inputs] == ["one"] * 3


class Splitting(archives.FakeExecutor):
    """Makes two results of each item, a folder each, as of a scan with two passes."""

    def run(self, item: Item, folder: Path) -> dict[str, object]:
        for part in ("first", "second"):
            (folder / part).mkdir()
            archives.write_result(item, folder / part)
            report = {**archives.report_of(item), "input": f"{item.name} {part}"}
            (folder / part / "report.json").write_text(json.dumps(report))
        return archives.report_of(item)


def test_an_item_of_a_batch_that_made_several_results_is_shown_by_them(tmp_path: Path) -> None:
    out = tmp_path / "out"
    for name in ("one", "two"):
        archives.write_series(tmp_path / "archive" / name)
    archives.run(tmp_path / "archive", out, Splitting())
    client = page(FolderSource([out]))
    lines = client.get("/api/cases").json()["cases"]
    assert sorted(line["name"] for line in lines) == [
        f"{name}_1/{part}" for name in ("one", "two") for part in ("first", "second")
    ]
    assert {(line["verdict"], line["taken"]) for line in lines} == {("PASS", "2024-01-02")}
    client.post(f"/api/cases/{lines[0]['key']}/decisions", json={"reader": "Ada", "choice": "reject"})
    item, part = lines[0]["name"].split("/")
    (alone,) = page(FolderSource([out / item / part])).get("/api/cases").json()["cases"]
    assert [one["choice"] for one in alone["decisions"]] == ["reject"], "however it is opened"
    assert f"{lines[0]['name']}<td>Ada<td>reject" in write_report(out).read_text()
    assert verify(out).wrong == {}, "nothing is added to a result"


def test_the_page_can_be_mounted_where_another_server_asks(results: Path) -> None:
    app = Starlette(routes=[Mount("/view", reader_app(FolderSource([results]), token=None))])
    client = TestClient(app)
    assert "recon view" in client.get("/view/").text
    assert len(client.get("/view/api/cases").json()["cases"]) == 2
    assert client.get("/view/static/js/main.js").status_code == 200


def test_the_token_works_under_another_servers_path(results: Path) -> None:
    app = Starlette(routes=[Mount("/view", reader_app(FolderSource([results]), token=TOKEN))])
    client = TestClient(app, follow_redirects=False)
    assert client.get("/view/api/cases").status_code == 403
    answer = client.get("/view/", params={"token": TOKEN})
    assert answer.headers["location"] == "/view/"
    assert "Path=/view/" in answer.headers["set-cookie"]
    assert client.get("/view/api/cases").status_code == 200


def test_decisions_stand_in_the_report_of_a_batch(tmp_path: Path) -> None:
    archives.write_series(tmp_path / "archive" / "one")
    archives.run(tmp_path / "archive", tmp_path / "out")
    (case,) = FolderSource([tmp_path / "out"]).cases()
    decide(FolderSource([tmp_path / "out"]).book(case), case.subject, "Ada", Choice.REJECT, "<b>streaks</b>")
    content = write_report(tmp_path / "out").read_text()
    assert "<td>Ada<td>reject" in content
    assert "&lt;b&gt;streaks&lt;/b&gt;" in content


def test_tune_proposes_and_sets_nothing(results: Path) -> None:
    source = FolderSource([results])
    for case in source.cases():
        decide(source.book(case), case.subject, "Ada", Choice.ACCEPT)
    before = [path.read_bytes() for path in sorted(results.glob("*/report.json"))]
    done = CliRunner().invoke(quality.app, ["tune", str(results), "--json"])
    assert done.exit_code == 0
    found = {line["check"]: line for line in json.loads(done.output)["proposals"] if line["side"] == "upper"}
    assert found["noise_level"]["accepted"] == 2
    assert "too few" in found["noise_level"]["words"]
    assert [path.read_bytes() for path in sorted(results.glob("*/report.json"))] == before


def test_two_results_of_a_patient_are_compared_and_other_strengths_refused(tmp_path: Path) -> None:
    parent = tmp_path / "results"
    for name, day, strength in (("a", "20250105", 1.0), ("b", "20260105", 1.0), ("c", "20260301", 0.5)):
        ct_dicom(parent, name, slices=3, header={"date": day}, comparability={"task": "ct", "strength": strength})
    client = page(FolderSource([parent]))
    keys = {line["name"]: line["key"] for line in client.get("/api/cases").json()["cases"]}
    others = client.get(f"/api/cases/{keys['b']}").json()["others"]
    assert {(one["name"], one["taken"]) for one in others} == {("a", "2025-01-05"), ("c", "2026-03-01")}
    said = client.get(f"/api/cases/{keys['b']}/compared/{keys['a']}").json()
    assert (said["before"], said["after"], said["comparable"], said["here"]) == ("a", "b", True, False)
    assert said["changes"]["regions"] == []
    assert str(tmp_path) not in json.dumps(said)
    picture = client.get(f"/api/cases/{keys['b']}/compared/{keys['a']}/picture.png")
    assert picture.content.startswith(b"\x89PNG")
    refused = client.get(f"/api/cases/{keys['b']}/compared/{keys['c']}").json()
    assert refused["differences"] == ["strength: 1 and 0.5"]
    assert refused["changes"] is None
    assert client.get(f"/api/cases/{keys['b']}/compared/{keys['c']}/picture.png").status_code == 204
    assert client.get(f"/api/cases/{keys['b']}/compared/nobody").status_code == 404
