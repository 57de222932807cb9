"""Ending a thought that is running, over HTTP."""

from __future__ import annotations

import json

import httpx

from tests.serve.running import PROBLEM, Running


def test_a_running_thought_is_closed_and_answered(server: Running) -> None:
    body = {"problem": PROBLEM, "budgets": ["none"], "min_thinking": 7000}
    events = []
    with httpx.stream("POST", f"{server.url}/v1/sweep", json=body, timeout=60) as stream:
        for line in stream.iter_lines():
            if not line.startswith("data: "):
                continue
            events.append(json.loads(line.removeprefix("data: ")))
            if events[-1]["type"] == "started":
                name = events[-1]["id"]
                assert server.post("/v1/answer_now", {"id": name}).status_code == 200
    (outcome,) = (event["outcome"] for event in events if event["type"] == "outcome")
    assert outcome["stop_reason"] == "interrupted"
    assert outcome["thinking_tokens"] < 7000
    assert outcome["answer"] is not None
    assert server.post("/v1/answer_now", {"id": name}).status_code == 404


def test_what_does_not_run_can_not_be_closed(server: Running) -> None:
    unknown = server.post("/v1/answer_now", {"id": "nothing"})
    assert unknown.status_code == 404
    assert unknown.json()["error"]["param"] == "id"
    assert server.post("/v1/answer_now", {}).status_code == 400
