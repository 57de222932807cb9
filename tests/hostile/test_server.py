"""Clients that mean harm: every request gets a status and an error object, soon, and the server runs on."""

from __future__ import annotations

import itertools
import json
import socket
from collections.abc import Iterator

import httpx
import pytest

from tests.hostile.generators.requests import RAW, bodies
from tests.serve.running import Running, serve

COUNT = 300


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with serve() as running:
        yield running
        assert running.chat(thinking_budget=17).json()["thinkcap"]["thinking_tokens"] == 17
        running.wait_until_idle()
        assert not any("Traceback" in line for line in running.lines)


def test_spoilt_bodies_get_an_answer_or_an_error_object(server: Running) -> None:
    with httpx.Client(base_url=server.url, timeout=60) as client:
        statuses = set()
        for path, data in itertools.islice(bodies(seed=15), COUNT):
            answer = client.post(path, content=data)
            statuses.add(answer.status_code)
            assert answer.status_code < 500, (path, data, answer.text)
            if answer.status_code >= 400:
                assert "error" in answer.json(), (path, data)
            elif answer.headers["Content-Type"] == "application/json":
                assert isinstance(json.loads(answer.content), dict)
    assert {200, 400} <= statuses


@pytest.mark.parametrize("sent", RAW, ids=range(len(RAW)))
def test_what_is_no_request_is_hung_up_on(server: Running, sent: bytes) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        try:
            answer = connection.recv(65536)
        except ConnectionError:
            answer = b""
    assert b"root:" not in answer
    assert answer == b"" or answer.startswith(b"HTTP/1.1 ")
    assert b"HTTP/1.1 5" not in answer
    assert server.health()["status"] == "ok"


def test_a_hundred_half_open_connections_hold_nobody_up(server: Running) -> None:
    connections = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(100)]
    for connection in connections:
        connection.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{")
    assert server.chat(thinking_budget=1).status_code == 200
    for connection in connections:
        connection.close()
    server.wait_until_idle()
