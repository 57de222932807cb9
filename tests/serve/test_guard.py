"""Who may ask: names, origins and keys, at a real server."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

import httpx
import pytest
from starlette.datastructures import Headers

from tests.serve.running import ASKED, Running, serve
from thinkcap.serve.errors import HttpError
from thinkcap.serve.guard import Access, content_policy
from thinkcap.serve.page import html

KEY = "a key of some length"


@pytest.fixture(scope="module")
def guarded() -> Iterator[Running]:
    """A server that others reach, with a key, and a page that may ask."""
    options = ("--host", "0.0.0.0", "--allow-origin", "https://chat.example")
    with serve(*options, THINKCAP_API_KEY=KEY) as running:
        yield running


def status(access: Access, path: str = "/v1/models", **headers: str) -> int:
    """What the access makes of a request."""
    try:
        access.check(path, Headers({"host": "127.0.0.1:8337"} | headers))
    except HttpError as error:
        return error.status
    return 200


@pytest.mark.parametrize("host", ["localhost:8337", "127.0.0.1", "[::1]:8337", "LOCALHOST"])
def test_its_own_names_are_answered(host: str) -> None:
    assert status(Access(), host=host) == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost@evil.example", "", "[", "evil.example:127"]
)
def test_other_names_are_refused(host: str) -> None:
    assert status(Access(), host=host) == 403


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1:9999", "http://localhost:8337", "127.0.0.1:8337", ""]
)
def test_pages_of_others_are_refused(origin: str) -> None:
    assert status(Access(), origin=origin) == 403


def test_its_own_page_and_allowed_ones_may_ask() -> None:
    assert status(Access(), origin="http://127.0.0.1:8337") == 200
    assert status(Access(origins=frozenset({"https://chat.example"})), origin="https://chat.example") == 200
    assert status(Access(origins=frozenset({"*"})), origin="https://any.example") == 200


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, 401),
        ({"authorization": "Bearer wrong"}, 401),
        ({"authorization": f"Basic {KEY}"}, 401),
        ({"authorization": KEY}, 401),
        ({"authorization": f"Bearer {KEY}"}, 200),
        ({"authorization": f"bearer  {KEY}"}, 200),
        ({"x-api-key": KEY}, 200),
        ({"x-api-key": KEY + "x"}, 401),
        ({"x-api-key": "ü"}, 401),
    ],
)
def test_a_key_is_asked_for(headers: dict[str, str], expected: int) -> None:
    assert status(Access(api_key=KEY), **headers) == expected


def test_the_page_and_the_health_need_no_key(guarded: Running) -> None:
    assert guarded.get("/").status_code == guarded.get("/health").status_code == 200


@pytest.mark.parametrize(
    ("path", "form"),
    [("/v1/chat/completions", "error"), ("/v1/messages", "type"), ("/api/chat", "error"), ("/v1/sweep", "error")],
)
def test_without_the_key_nothing_is_answered(guarded: Running, path: str, form: str) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}):
        answer = guarded.post(path, {"messages": ASKED}, headers=headers)
        assert answer.status_code == 401
        assert form in answer.json()


def test_with_the_key_everything_is(guarded: Running) -> None:
    body = {"messages": ASKED, "thinking_budget": 0}
    answer = guarded.post("/v1/chat/completions", body, headers={"Authorization": f"Bearer {KEY}"})
    assert answer.status_code == 200


def test_an_allowed_page_is_told_so(guarded: Running) -> None:
    origin = {"Origin": "https://chat.example"}
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    preflight = httpx.options(f"{guarded.url}/v1/chat/completions", headers=origin | asked)
    assert preflight.status_code == 204
    assert "Authorization" in preflight.headers["Access-Control-Allow-Headers"]
    for answer in (preflight, guarded.get("/v1/models", headers=origin | {"x-api-key": KEY})):
        assert answer.headers["Access-Control-Allow-Origin"] == "https://chat.example"
    stranger = guarded.get("/v1/models", headers={"Origin": "https://evil.example", "x-api-key": KEY})
    assert stranger.status_code == 403
    assert "Access-Control-Allow-Origin" not in stranger.headers


def test_a_rebound_name_and_a_foreign_page_are_refused(server: Running) -> None:
    assert server.get("/", headers={"Host": "evil.example"}).status_code == 403
    answer = server.post("/v1/chat/completions", {"messages": ASKED}, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403


def test_answers_say_what_a_browser_may_do_with_them(server: Running) -> None:
    for path in ("/", "/v1/models", "/nothing"):
        headers = server.get(path).headers
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; ")
        assert "unsafe" not in policy.partition("style-src")[0]
        assert headers["X-Content-Type-Options"] == "nosniff"


def test_the_policy_admits_the_pages_own_scripts_alone() -> None:
    policy = content_policy("<style>a{}</style><script>one()</script><script type=module>two()</script>")
    scripts = policy.partition("script-src ")[2].partition(";")[0]
    assert scripts.count("'sha256-") == 2
    assert "http" not in content_policy(html())


def talk(running: Running, sent: bytes) -> bytes:
    """What the server answers to raw bytes, until it closes or says no more."""
    with socket.create_connection(("127.0.0.1", running.port), timeout=10) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while part := connection.recv(65536):
            answer += part
        return answer


@pytest.mark.parametrize(
    "headers",
    [
        b"".join(b"X-%d: y\r\n" % number for number in range(500)),
        b"X: " + b"y" * 60_000 + b"\r\n",
        b"X: " + b"y" * 1_000_000,
    ],
)
def test_floods_of_headers_are_cut_off(server: Running, headers: bytes) -> None:
    try:
        answer = talk(server, b"GET /health HTTP/1.1\r\nHost: localhost\r\n" + headers + b"\r\n")
    except OSError:
        answer = b""
    assert b" 200 " not in answer
    assert server.health()["status"] == "ok"


@pytest.mark.parametrize("endless", [b"X: ", b"GET /"])
def test_headers_that_do_not_end_are_cut_off(server: Running, endless: bytes) -> None:
    start = b"GET /health HTTP/1.1\r\nHost: localhost\r\n" if endless.startswith(b"X") else b""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(start + endless)
        with contextlib.suppress(OSError):
            for _ in range(100):
                connection.sendall(b"y" * 10_000)
        with contextlib.suppress(ConnectionError):
            while connection.recv(65536):
                pass


def test_many_requests_over_one_connection_are_no_flood(server: Running) -> None:
    with httpx.Client(headers={"X": "y" * 9_000}) as client:
        assert [client.get(f"{server.url}/health").status_code for _ in range(4)] == [200] * 4
