"""Ollama's own client against a real server."""

from __future__ import annotations

from typing import Any

import ollama
import pytest

from tests.serve.running import ASKED, THOUGHT, Running


@pytest.fixture
def client(server: Running) -> ollama.Client:
    return ollama.Client(host=server.url)


def ask(client: ollama.Client, **options: Any) -> Any:
    return client.chat(**({"model": "abacus", "messages": ASKED} | options))


@pytest.mark.parametrize(
    ("think", "used"),
    [
        (False, 0),
        (0, 0),
        ("1", 1),
        ("17", 17),
        ("64", 64),
        (True, THOUGHT),
        (None, THOUGHT),
        ("low", 32),
        ("high", 128),
    ],
)
def test_a_budget_is_exact(client: ollama.Client, server: Running, think: Any, used: int) -> None:
    body = {"model": "abacus", "messages": ASKED, "stream": False}
    facts = server.post("/api/chat", body | ({"think": think} if think is not None else {})).json()["thinkcap"]
    assert facts["thinking_tokens"] == used
    whole = ask(client, think=think)
    assert whole.eval_count == used + facts["solution_tokens"]
    assert whole.done_reason == "stop"
    parts = list(ask(client, think=think, stream=True))
    assert "".join(part.message.content for part in parts) == whole.message.content
    assert "".join(part.message.thinking or "" for part in parts) == (whole.message.thinking or "")
    assert [part.done for part in parts] == [False] * (len(parts) - 1) + [True]
    assert parts[-1].eval_count == whole.eval_count


def test_a_number_is_a_budget(server: Running) -> None:
    body = {"model": "abacus", "messages": ASKED, "think": 17, "stream": False}
    assert server.post("/api/chat", body).json()["thinkcap"]["thinking_tokens"] == 17


def test_options_are_honoured(client: ollama.Client) -> None:
    short = ask(client, options={"num_predict": 30, "num_ctx": 4096, "num_gpu": 0, "seed": 1, "repeat_penalty": 1.0})
    assert short.eval_count <= 30
    assert short.message.content.strip()
    stopped = ask(client, think=False, options={"stop": ["boxed"], "num_predict": -1})
    assert stopped.message.content.endswith("\\")


def test_the_model_is_listed(client: ollama.Client, server: Running) -> None:
    (model,) = client.list().models
    assert model.model == "abacus:latest"
    assert ask(client, model=model.model, think=False).message.content
    assert "thinking" in (client.show("abacus").capabilities or [])
    assert server.get("/api/version").json()["version"]


@pytest.mark.parametrize(
    ("options", "status", "named"),
    [
        ({"model": "llama"}, 404, "abacus"),
        ({"options": {"num_ctx": 1_000_000}}, 400, "options.num_ctx"),
        ({"options": {"mirostat": 2}}, 400, "options.mirostat"),
        ({"options": {"num_predict": 0}}, 400, "options.num_predict"),
        ({"format": "json"}, 400, "format"),
        ({"messages": [{"role": "tool", "content": "x"}]}, 400, "role"),
    ],
)
def test_what_cannot_be_honoured_is_refused(
    client: ollama.Client, options: dict[str, Any], status: int, named: str
) -> None:
    with pytest.raises(ollama.ResponseError, match=named) as caught:
        ask(client, **options)
    assert caught.value.status_code == status
