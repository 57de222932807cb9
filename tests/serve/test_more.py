"""A thought that goes on in another request, against the larger budget at once, over HTTP with abacus in f16."""

from __future__ import annotations

import json
from typing import Any

import anthropic
import ollama
import openai
import pytest

import thinkcap
from tests.serve.running import ASKED, PROBLEM, THOUGHT, Running
from thinkcap.serve.errors import HttpError
from thinkcap.serve.finished_thoughts import FinishedThoughts

OTHER = [{"role": "user", "content": "What is 385 + 297 + 581?"}]


def reply(server: Running, **body: Any) -> dict[str, Any]:
    answer = server.chat(**body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def comparable(found: dict[str, Any]) -> dict[str, Any]:
    """All but what depends on how a reply came about."""
    own = dict.fromkeys(("id", "seconds", "resumed_tokens", "mean_log_probability", "lowest_log_probability"))
    return {"message": found["choices"][0]["message"], **found["thinkcap"], **own}


@pytest.mark.parametrize(("temperature", "seed"), [(0.0, 1), (0.9, 7)])
@pytest.mark.parametrize("larger", [64, "none"])
@pytest.mark.parametrize("style", ["bare", "pause+message"])
def test_it_gives_what_the_larger_budget_gives_at_once(
    server: Running, temperature: float, seed: int, larger: Any, style: str
) -> None:
    options = {"temperature": temperature, "seed": seed}
    own = {"cut_style": style}
    once = reply(server, **options, thinking_budget=larger, thinkcap=own)
    cut = reply(server, **options, thinking_budget=17, thinkcap=own)
    more = reply(server, thinking_budget=larger, thinkcap={"more": cut["thinkcap"]["id"]})
    assert comparable(more) == comparable(once)
    assert more["usage"]["completion_tokens"] == once["usage"]["completion_tokens"]
    assert 0 < more["thinkcap"]["resumed_tokens"] <= cut["thinkcap"]["thinking_tokens"]


def test_a_thought_goes_on_again_and_again(server: Running) -> None:
    options = {"temperature": 0.9, "seed": 3}
    found = reply(server, **options, thinking_budget=0)
    for budget in (1, 17, 40, 64):
        found = reply(server, thinking_budget=budget, thinkcap={"more": found["thinkcap"]["id"]})
        assert comparable(found) == comparable(reply(server, **options, thinking_budget=budget))


def test_a_conversation_goes_on(server: Running) -> None:
    messages = [*ASKED, {"role": "assistant", "content": "1262"}, {"role": "user", "content": "What is 5 + 6 + 77?"}]
    cut = reply(server, messages=messages, thinking_budget=9)
    more = reply(server, messages=messages, thinking_budget=30, thinkcap={"more": cut["thinkcap"]["id"]})
    assert comparable(more) == comparable(
        reply(server, messages=messages, thinking_budget=30, seed=more["thinkcap"]["seed"])
    )


def test_a_stream_holds_the_whole_thought(server: Running) -> None:
    cut = reply(server, thinking_budget=17)["thinkcap"]["id"]
    own = {"thinking_budget": 64, "thinkcap": {"more": cut}}
    whole = reply(server, **own)["choices"][0]["message"]
    lines = [line[6:] for line in server.chat(**own, stream=True).text.splitlines() if line.startswith("data: {")]
    deltas = [choice["delta"] for line in lines for choice in json.loads(line)["choices"]]
    assert "".join(delta.get("reasoning_content", "") for delta in deltas) == whole["reasoning_content"]
    assert "".join(delta.get("content", "") for delta in deltas) == whole["content"]


def test_the_answer_may_have_other_limits(server: Running) -> None:
    cut = reply(server, max_tokens=30, thinking_budget=17, stop=["x"])
    more = reply(server, max_tokens=60, thinkcap={"more": cut["thinkcap"]["id"], "time_limit": 30})
    assert more["thinkcap"]["thinking_tokens"] > 17
    assert more["usage"]["completion_tokens"] <= 60


def test_every_client_can_ask_for_it(server: Running) -> None:
    own: dict[str, Any] = {"model": "abacus", "messages": ASKED}
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="any", max_retries=0) as client:
        cut: Any = client.chat.completions.create(**own, reasoning_effort="minimal")
        extra = {"thinkcap": {"more": cut.thinkcap["id"]}}
        more = client.chat.completions.create(**own, reasoning_effort="low", extra_body=extra)
        assert more.usage is not None
        assert more.usage.completion_tokens_details is not None
        assert more.usage.completion_tokens_details.reasoning_tokens == 32
    with anthropic.Anthropic(base_url=server.url, api_key="any", max_retries=0) as client:
        budget: Any = {"type": "enabled", "budget_tokens": 64}
        message: Any = client.messages.create(**own, max_tokens=200, thinking=budget, extra_body=extra)
        assert message.thinkcap["resumed_tokens"] == 16
        assert message.thinkcap["thinking_tokens"] == 64
    answer = server.post("/api/chat", own | {"stream": False, "think": "high"} | extra).json()
    assert answer["thinkcap"]["thinking_tokens"] == 128
    assert ollama.ChatResponse(**answer).message.content


def test_a_sweep_goes_on(server: Running, abacus_f16: thinkcap.Engine) -> None:
    def sweep(**body: Any) -> list[dict[str, Any]]:
        lines = server.post("/v1/sweep", {"problem": PROBLEM, **body}).text.splitlines()
        return [json.loads(line[6:]) for line in lines if line.startswith("data: ")]

    *_, outcome, _ = sweep(budgets=[17])
    events = sweep(budgets=["none"], more=outcome["id"])
    once = abacus_f16.solve(PROBLEM)
    assert (events[-2]["type"], events[-2]["outcome"]["thinking"]) == ("outcome", once.thinking)
    (resumed,) = (each["resumed"] for each in events if each["type"] == "started")
    assert resumed == outcome["outcome"]["thinking"]
    assert resumed + "".join(each["text"] for each in events if each["type"] == "thought") == once.thinking
    refused = server.post("/v1/sweep", {"problem": PROBLEM, "budgets": [20, 30], "more": outcome["id"]})
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "budgets")


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"thinking_budget": 17}, 400, "thinking_budget"),
        ({"thinking_budget": 3}, 400, "thinking_budget"),
        ({"reasoning_effort": "minimal"}, 400, "reasoning_effort"),
        ({"max_tokens": 20}, 400, "thinkcap.more"),
        ({"messages": OTHER}, 400, "messages"),
        ({"messages": [{"role": "system", "content": "Be brief."}, *ASKED]}, 400, "messages"),
        ({"temperature": 0.9}, 400, "temperature"),
        ({"seed": 6}, 400, "seed"),
        ({"n": 2}, 400, "n"),
        ({"thinkcap": {"more": "guessed"}}, 404, "thinkcap.more"),
        ({"thinkcap": {"more": 17}}, 400, "thinkcap.more"),
    ],
)
def test_what_cannot_go_on_is_refused(server: Running, body: dict[str, Any], status: int, field: str) -> None:
    cut = reply(server, thinking_budget=17, seed=5)["thinkcap"]["id"]
    answer = server.chat(**{"thinkcap": {"more": cut}, **body})
    error = answer.json()["error"]
    assert (answer.status_code, error["param"]) == (status, field), error
    assert set(error) == {"message", "type", "param", "code"}


@pytest.mark.parametrize(
    ("path", "form"), [("/v1/messages", {"type", "error"}), ("/api/chat", {"error"}), ("/v1/sweep", {"error"})]
)
def test_every_dialect_refuses_in_its_own_form(server: Running, path: str, form: set[str]) -> None:
    body: dict[str, Any] = {"messages": ASKED, "thinkcap": {"more": "guessed"}}
    if path == "/v1/sweep":
        body = {"messages": ASKED, "budgets": [64], "more": "guessed"}
    answer = server.post(path, body | ({"max_tokens": 99} if path == "/v1/messages" else {}))
    assert answer.status_code == 404
    assert set(answer.json()) == form
    assert "is kept" in answer.text


def test_the_thoughts_that_were_used_last_are_kept(abacus_f16: thinkcap.Engine) -> None:
    thoughts = FinishedThoughts(3)
    outcome = abacus_f16.solve(PROBLEM, 0)
    names = [thoughts.keep(outcome) for _ in range(3)]
    thoughts.find(names[0], "more")
    names += [thoughts.keep(outcome)]
    assert len(set(names)) == 4
    with pytest.raises(HttpError, match="`more` is kept; the last 3 are"):
        thoughts.find(names[1], "more")
    assert all(thoughts.find(name, "more").problem == PROBLEM for name in (names[0], *names[2:]))


def test_a_thought_that_ended_by_itself_stays_what_it_is(server: Running) -> None:
    natural = reply(server, thinking_budget="none")
    more = reply(server, thinking_budget=THOUGHT + 1, thinkcap={"more": natural["thinkcap"]["id"]})
    assert more["choices"][0]["message"] == natural["choices"][0]["message"]
    assert more["thinkcap"]["stop_reason"] == "natural"
