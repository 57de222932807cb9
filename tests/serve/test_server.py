"""The server as a whole: clients that go away, are slow or too many, bodies that are too large, and its command."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient

import thinkcap
from tests.serve.running import ASKED, PROBLEM, Running, serve
from thinkcap.engine.core import QueueFullError
from thinkcap.serve import streaming
from thinkcap.serve.app import build
from thinkcap.serve.dispatcher import Dispatcher

LONG = {"messages": ASKED, "stream": True, "thinkcap": {"min_thinking": 5000, "loop_guard": False}}
"""A request that runs until it is cancelled: thousands of thinking tokens."""


def listening(running: Running, body: dict[str, Any]) -> socket.socket:
    """A connection on which a request was sent and nothing was read yet."""
    connection = socket.create_connection(("127.0.0.1", running.port))
    data = json.dumps(body).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(data)}\r\n\r\n"
    connection.sendall(head.encode() + data)
    return connection


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_goes_away_is_cancelled(server: Running, stream: bool) -> None:
    connection = listening(server, LONG | {"stream": stream})
    deadline = time.monotonic() + 10
    while server.health()["open"] == 0:
        assert time.monotonic() < deadline
    connection.close()
    server.wait_until_idle()


def test_a_client_that_does_not_read_holds_nobody_up(server: Running) -> None:
    connection = listening(server, LONG)
    assert server.chat(thinking_budget=17).json()["thinkcap"]["thinking_tokens"] == 17
    connection.close()
    server.wait_until_idle()


def test_a_reader_that_is_too_slow_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "SLOW_SECONDS", 0.05)
    closed = []

    async def pieces() -> Any:
        for _ in range(100):
            yield b"piece"

    async def send(message: Any) -> None:
        if message.get("body"):
            await asyncio.sleep(60)

    async def receive() -> Any:
        await asyncio.sleep(60)

    stream = streaming.Stream(pieces(), streaming.EVENTS, lambda: closed.append(True))
    asyncio.run(asyncio.wait_for(stream({"type": "http"}, receive, send), 10))
    assert closed == [True]


def test_too_many_requests_are_put_off(abacus_f16: thinkcap.Engine) -> None:
    async def ask() -> None:
        dispatcher = Dispatcher(abacus_f16, max_open=2)
        submit = lambda: [abacus_f16.submit(PROBLEM, 4)]  # noqa: E731
        first, second = [await dispatcher.exchange(submit, 1, 10, live=False) for _ in range(2)]
        with pytest.raises(QueueFullError):
            await dispatcher.exchange(submit, 1, 10, live=False)
        first.close()
        third = await dispatcher.exchange(submit, 1, 10, live=False)
        second.close()
        third.close()
        assert dispatcher.open == 0

    asyncio.run(ask())
    abacus_f16.solve(PROBLEM, 0)


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages", "/api/chat", "/v1/sweep"])
def test_a_full_server_says_when_to_come_back(path: str) -> None:
    more: dict[str, dict[str, Any]] = {"/v1/sweep": {"budgets": [1]}, "/v1/messages": {"max_tokens": 50}}
    with (
        thinkcap.load("abacus", quant="f16") as engine,
        TestClient(build(engine, max_open=0), base_url="http://localhost") as client,
    ):
        answer = client.post(path, json={"model": "abacus", "messages": ASKED, **more.get(path, {})})
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0
    assert "error" in answer.json()


def test_bodies_and_conversations_are_bounded(server: Running) -> None:
    large = httpx.post(f"{server.url}/v1/chat/completions", content=b" " * 100_000_000, timeout=60)
    assert large.status_code == 413
    long = server.chat(messages=ASKED * 10_000)
    assert long.status_code == 413
    assert "1,000" in long.json()["error"]["message"]
    for path in ("/v1/messages", "/api/chat", "/v1/sweep"):
        assert server.post(path, {"messages": ASKED * 10_000}).status_code == 413


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"a": NaN}', b"[" * 200_000, b'{"messages": "\\ud800"}', b"1" * 9_999],
)
def test_what_is_no_object_is_refused(server: Running, body: bytes) -> None:
    for path in ("/v1/chat/completions", "/v1/messages", "/api/chat", "/v1/sweep"):
        answer = httpx.post(server.url + path, content=body)
        assert answer.status_code == 400
        assert "error" in answer.json()


def test_unknown_paths_and_methods_have_an_error_object(server: Running) -> None:
    assert server.get("/nothing").json()["error"]["type"] == "not_found_error"
    assert server.get("/v1/messages").json()["type"] == "error"
    assert server.get("/api/chat").status_code == 405


def events(answer: httpx.Response) -> Iterator[dict[str, Any]]:
    for line in answer.text.splitlines():
        if line.startswith("data: "):
            yield json.loads(line[6:])


def test_a_sweep_streams_its_forks_as_they_finish(server: Running) -> None:
    answer = server.post("/v1/sweep", {"problem": PROBLEM, "budgets": [64, 0, None, 17]})
    found = list(events(answer))
    outcomes = [each for each in found if each["type"] == "outcome"]
    assert [each["budget"] for each in outcomes] == [0, 17, 64, None]
    assert [each["outcome"]["thinking_tokens"] for each in outcomes] == [0, 17, 64, 162]
    kinds = [each["type"] for each in found]
    assert kinds[0] == "started"
    assert kinds[-1] == "finished"
    assert kinds.index("outcome") < len(kinds) - 1 - kinds[::-1].index("thought")
    text = "".join(each["text"] for each in found if each["type"] == "thought")
    assert text == outcomes[-1]["outcome"]["thinking"]


def test_a_sweep_of_a_stated_budget_thinks_once_for_each(server: Running) -> None:
    body = {"problem": PROBLEM, "budgets": [32, 64], "prompt_mode": "max"}
    found = list(events(server.post("/v1/sweep", body)))
    assert {each["budget"] for each in found if each["type"] == "thought"} == {32, 64}
    assert sorted(each["budget"] for each in found if each["type"] == "outcome") == [32, 64]


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"problem": PROBLEM}, "budgets"),
        ({"problem": PROBLEM, "budgets": []}, "budgets"),
        ({"problem": PROBLEM, "budgets": [-3]}, "budgets"),
        ({"problem": PROBLEM, "budgets": list(range(100))}, "budgets"),
        ({"problem": " ", "budgets": [1]}, "empty"),
        ({"budgets": [1]}, "problem"),
        ({"problem": PROBLEM, "messages": ASKED, "budgets": [1]}, "problem"),
        ({"problem": PROBLEM, "budgets": [1], "time_limit": 3}, "time_limit"),
        ({"problem": PROBLEM, "budgets": [10_000_000]}, "largest"),
    ],
)
def test_a_sweep_that_makes_no_sense_is_refused(server: Running, body: dict[str, Any], named: str) -> None:
    answer = server.post("/v1/sweep", body)
    assert answer.status_code == 400
    assert named in answer.json()["error"]["message"]


def test_logs_hold_no_prompts_unless_asked(server: Running) -> None:
    server.chat(thinking_budget=0, max_tokens=9)
    with serve("--log-prompts") as talkative:
        talkative.chat(thinking_budget=0)
    assert any("POST /v1/chat/completions 200" in line for line in server.lines)
    assert not any("384" in line for line in server.lines)
    assert any(PROBLEM in line for line in talkative.lines)


def refusal(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "thinkcap", "serve", *arguments], capture_output=True, text=True, timeout=60
    )
    assert done.returncode != 0
    (sentence,) = done.stderr.splitlines()
    return sentence


def test_what_cannot_be_served_is_one_sentence(server: Running) -> None:
    taken = refusal("--model", "abacus", "--port", str(server.port))
    assert f"Port {server.port}" in taken
    assert "--port" in taken
    assert "--api-key" in refusal("--model", "abacus", "--host", "0.0.0.0")
    assert "--api-key" in refusal("--model", "abacus", "--api-key", " ")
    assert "thinkcap pull" in refusal("--model", "l1-qwen-1.5b-max")


def test_fifty_clients_at_once_lose_nothing(server: Running, abacus_f16: thinkcap.Engine) -> None:
    """A small soak: a fifth go away, a tenth send nonsense, the rest get what they would get alone.
    benchmarks/server.py has the long one."""
    problems = [f"What is {number} + 7?" for number in range(100)]
    solutions = {problem: abacus_f16.solve(problem).solution for problem in problems}

    def client(number: int) -> bool:
        body = {"messages": [{"role": "user", "content": problems[number]}], "stream": True}
        if number % 10 == 0:
            return server.chat(colour=number).status_code == 400
        if number % 5 == 1:
            with listening(server, LONG) as connection:
                connection.settimeout(60)
                connection.recv(100)
            return True
        text = server.post("/v1/chat/completions", body).text
        answer = "".join(
            json.loads(line[6:])["choices"][0]["delta"].get("content", "") for line in text.split("\n\n")[:-2]
        )
        return answer == solutions[problems[number]]

    with ThreadPoolExecutor(50) as pool:
        assert all(pool.map(client, range(100)))
    server.wait_until_idle()
