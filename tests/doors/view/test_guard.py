"""Nobody is let in without the token, under a foreign name, or from a foreign page."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from recon.doors.view.guard import TokenGuard


async def answer(request: Request) -> PlainTextResponse:
    return PlainTextResponse(f"in: {request.url.query}")


def page(token: str | None = "secret", hosts: tuple[str, ...] = ("here",)) -> TestClient:
    app = Starlette(routes=[Route("/{rest:path}", answer, methods=["GET", "POST"])])
    return TestClient(TokenGuard(app, token, hosts), base_url="http://here")


def test_the_token_comes_once_and_leaves_the_address() -> None:
    client = page()
    assert client.get("/").status_code == 403
    assert client.get("/?token=wrong").status_code == 403
    let_in = client.get("/cases?token=secret&x=1", follow_redirects=False)
    assert (let_in.status_code, let_in.headers["location"]) == (303, "/cases?x=1")
    cookie = let_in.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert client.get("/cases?x=1").text == "in: x=1"


def test_programs_bring_it_in_a_header() -> None:
    assert page().get("/", headers={"Authorization": "Bearer secret"}).status_code == 200
    assert page().get("/", headers={"Authorization": "Bearer other"}).status_code == 403


def test_a_cookie_of_another_page_on_this_host_is_none() -> None:
    one, other = page("first"), page("second")
    one.get("/?token=first")
    other.cookies = one.cookies
    assert other.get("/").status_code == 403


def test_a_foreign_name_is_not_served() -> None:
    assert page(None).get("/", headers={"Host": "evil.example"}).status_code == 421
    assert page(None, ()).get("/", headers={"Host": "evil.example"}).status_code == 200
    assert page(None).get("/", headers={"Host": "[evil"}).status_code == 421


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "application/json"}, 200),
        ({"Content-Type": "application/json", "Origin": "http://here"}, 200),
        ({"Content-Type": "application/json", "Origin": "http://evil.example"}, 403),
        ({"Content-Type": "text/plain"}, 415),
    ],
)
def test_only_the_page_itself_changes_something(headers: dict[str, str], status: int) -> None:
    assert page(None).post("/", headers=headers, content=b"{}").status_code == status


def test_images_stay_out_of_the_cache_and_nothing_comes_from_elsewhere() -> None:
    for path, cache in (("/image", "no-store"), ("/static/page.js", "no-cache")):
        headers = page(None).get(path).headers
        assert headers["cache-control"] == cache
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
    assert page().get("/").headers["referrer-policy"] == "no-referrer"  # refusals, too
