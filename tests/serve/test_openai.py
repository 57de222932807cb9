"""OpenAI's own client against a real server."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import openai
import pytest

from tests.serve.running import ASKED, PROBLEM, THOUGHT, Running

BUDGETS = [(0, 0), (1, 1), (17, 17), (64, 64), ("none", THOUGHT)]
FIELDS = ["thinking_budget_tokens", "reasoning_budget_tokens", "thinking_token_budget", "thinking_budget"]


@pytest.fixture
def client(server: Running) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="any", max_retries=0) as client:
        yield client


def ask(client: openai.OpenAI, **options: Any) -> Any:
    return client.chat.completions.create(**({"model": "abacus", "messages": ASKED} | options))


def streamed(client: openai.OpenAI, **options: Any) -> tuple[str, str, Any]:
    """The thought, the answer and the last chunk with usage, of a stream."""
    thought = answer = ""
    chunks = ask(client, stream=True, stream_options={"include_usage": True}, **options)
    for chunk in chunks:
        for choice in chunk.choices:
            thought += (choice.delta.model_extra or {}).get("reasoning_content", "")
            answer += choice.delta.content or ""
    return thought, answer, chunk


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize(("budget", "used"), BUDGETS)
def test_a_budget_is_exact_in_every_field(client: openai.OpenAI, field: str, budget: Any, used: int) -> None:
    reply = ask(client, extra_body={field: budget})
    usage = reply.usage
    assert usage.completion_tokens_details.reasoning_tokens == used
    assert usage.completion_tokens == used + reply.thinkcap["solution_tokens"]
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
    assert reply.thinkcap["stop_reason"] == ("natural" if budget == "none" else "budget")
    assert reply.choices[0].finish_reason == "stop"
    assert reply.choices[0].message.content.strip()


@pytest.mark.parametrize(("budget", "used"), BUDGETS)
def test_a_streams_text_is_the_whole_reply(client: openai.OpenAI, budget: Any, used: int) -> None:
    whole = ask(client, extra_body={"thinking_budget": budget})
    thought, answer, last = streamed(client, extra_body={"thinking_budget": budget})
    message = whole.choices[0].message
    assert answer == message.content
    assert thought == getattr(message, "reasoning_content", "") == getattr(message, "reasoning", "")
    assert last.usage.completion_tokens_details.reasoning_tokens == used
    assert last.usage.completion_tokens == whole.usage.completion_tokens


@pytest.mark.parametrize(
    ("body", "used"),
    [
        ({"reasoning": {"max_tokens": 17}}, 17),
        ({"reasoning": {"effort": "low"}}, 32),
        ({"reasoning": {"enabled": False}}, 0),
        ({"reasoning_effort": "none"}, 0),
        ({"reasoning_effort": "minimal"}, 16),
        ({"reasoning_effort": "low"}, 32),
        ({"reasoning_effort": "medium"}, 64),
        ({"reasoning_effort": "high"}, 128),
        ({"reasoning_effort": "xhigh"}, THOUGHT),
        ({"enable_thinking": False}, 0),
        ({"enable_thinking": True}, THOUGHT),
        ({"chat_template_kwargs": {"enable_thinking": False}}, 0),
        ({"thinking": {"type": "enabled", "budget_tokens": 17}}, 17),
        ({"thinking": {"type": "disabled"}}, 0),
        ({"thinkcap": {"budget": 17}}, 17),
        ({"thinkcap": {"budget": None}}, THOUGHT),
        ({"thinkcap": {"budget": 17}, "thinking_budget": 30, "reasoning_effort": "high"}, 17),
        ({"thinking_budget": 30, "reasoning_effort": "high", "enable_thinking": True}, 30),
        ({"reasoning_effort": "low", "enable_thinking": True}, 32),
    ],
)
def test_the_most_explicit_field_decides(client: openai.OpenAI, body: dict[str, Any], used: int) -> None:
    assert ask(client, extra_body=body).usage.completion_tokens_details.reasoning_tokens == used


def test_max_tokens_bounds_the_whole_reply_and_no_answer_is_empty(client: openai.OpenAI) -> None:
    problems = [f"What is {number} + {3 * number} + 17?" for number in range(8, 201, 3)]

    def reply(given: tuple[int, str]) -> Any:
        limit, problem = given
        return ask(client, max_tokens=limit, messages=[{"role": "user", "content": problem}])

    limits = range(8, 201, 3)
    with ThreadPoolExecutor(16) as pool:
        for limit, found in zip(limits, pool.map(reply, zip(limits, problems, strict=True)), strict=True):
            assert found.choices[0].message.content.strip(), limit
            assert found.usage.completion_tokens <= limit


def test_a_begun_answer_is_within_max_tokens_and_counted(client: openai.OpenAI) -> None:
    forced = 0
    for limit in (24, 60, 90, 130):
        options: dict[str, Any] = {"n": 16, "temperature": 4.0, "seed": 5, "max_tokens": limit}
        body = {"thinking_budget": limit // 4}
        reply = ask(client, **options, extra_body=body)
        spent = [choice.thinkcap for choice in reply.choices]
        sums = [each["thinking_tokens"] + each["solution_tokens"] + each["probe_tokens"] for each in spent]
        assert max(sums) <= limit
        assert reply.usage.completion_tokens == sum(sums)
        assert all(bool(each["probe_tokens"]) == each["answer_forced"] for each in spent)
        *chunks, last = ask(client, stream=True, stream_options={"include_usage": True}, **options, extra_body=body)
        ends = [chunk.thinkcap for chunk in chunks if "thinkcap" in (chunk.model_extra or {})]
        sums = [each["thinking_tokens"] + each["solution_tokens"] + each["probe_tokens"] for each in ends]
        assert len(sums) == 16
        assert max(sums) <= limit
        assert last.usage.completion_tokens == sum(sums)
        forced += sum(each["answer_forced"] for each in spent)
    assert forced


def test_the_answer_may_use_what_the_thought_left(client: openai.OpenAI) -> None:
    problem = {"role": "user", "content": "What is 2 + 3?"}
    reply = ask(client, messages=[problem], max_completion_tokens=60, extra_body={"thinking_budget": 59})
    assert reply.thinkcap["stop_reason"] == "natural"
    assert reply.choices[0].message.content.endswith("5}.")


def test_a_max_tokens_beyond_the_context_is_no_error(client: openai.OpenAI) -> None:
    reply = ask(client, max_tokens=1_000_000)
    assert reply.usage.completion_tokens_details.reasoning_tokens == THOUGHT
    assert "1262" in reply.choices[0].message.content


def test_several_replies_differ_and_repeat(client: openai.OpenAI) -> None:
    options: dict[str, Any] = {"n": 4, "temperature": 4.0, "seed": 7, "extra_body": {"thinking_budget": 40}}
    options["extra_body"]["thinkcap"] = {"solution_budget": 24}
    first, second = ask(client, **options), ask(client, **options)
    texts = [choice.message.reasoning_content for choice in first.choices]
    assert len(set(texts)) > 1
    assert [choice.index for choice in first.choices] == [0, 1, 2, 3]
    assert texts == [choice.message.reasoning_content for choice in second.choices]
    spent = [choice.thinkcap for choice in first.choices]
    counts = ("thinking_tokens", "solution_tokens", "probe_tokens")
    assert first.usage.completion_tokens == sum(each[count] for each in spent for count in counts)
    pieces = dict.fromkeys(range(4), "")
    for chunk in ask(client, stream=True, **options):
        for choice in chunk.choices:
            pieces[choice.index] += (choice.delta.model_extra or {}).get("reasoning_content", "")
    assert list(pieces.values()) == texts


def test_without_a_seed_replies_differ(client: openai.OpenAI) -> None:
    seeds = {ask(client, extra_body={"thinking_budget": 0}).thinkcap["seed"] for _ in range(3)}
    assert len(seeds) == 3


@pytest.mark.parametrize("stop", ["boxed{1", ["is", "boxed"], " answer"])
def test_a_stop_text_ends_the_answer(client: openai.OpenAI, stop: Any) -> None:
    whole = ask(client).choices[0].message.content
    end = min(whole.index(each) for each in ([stop] if isinstance(stop, str) else stop))
    reply = ask(client, stop=stop)
    assert reply.choices[0].message.content == whole[:end]
    assert (reply.choices[0].finish_reason, reply.thinkcap["finish_reason"]) == ("stop", "stop")
    _, answer, last = streamed(client, stop=stop)
    assert answer == whole[:end]
    assert last.usage.completion_tokens == reply.usage.completion_tokens


def test_a_stop_text_that_does_not_come_holds_nothing_back(client: openai.OpenAI) -> None:
    whole = ask(client).choices[0].message.content
    _, answer, _ = streamed(client, stop=[".x", "nothing"])
    assert answer == whole


def test_a_follow_up_reads_only_what_is_new(client: openai.OpenAI) -> None:
    first = ask(client)
    question = {"role": "user", "content": "What is 5 + 6?"}
    messages = [*ASKED, first.choices[0].message.model_dump(), question]
    second = ask(client, messages=messages, extra_body={"thinking_budget": 0})
    known = first.usage.total_tokens
    assert second.usage.prompt_tokens_details.cached_tokens >= known
    assert second.usage.prompt_tokens - second.usage.prompt_tokens_details.cached_tokens < 20


def test_the_thought_can_be_left_out(client: openai.OpenAI) -> None:
    for body in ({"reasoning": {"exclude": True}}, {"include_reasoning": False}):
        reply = ask(client, extra_body=body)
        assert not hasattr(reply.choices[0].message, "reasoning_content")
        assert reply.usage.completion_tokens_details.reasoning_tokens == THOUGHT


def test_thinkcaps_own_options_are_honoured(client: openai.OpenAI) -> None:
    own = {"budget": 300, "min_thinking": 200, "cut_style": "message", "time_limit": 50, "loop_guard": False}
    reply = ask(client, extra_body={"thinkcap": own})
    assert reply.thinkcap["thinking_tokens"] >= 200
    assert reply.thinkcap["budget"] == {
        "thinking": 300,
        "solution": 1024,
        "min_thinking": 200,
        "time_limit": 50,
        "style": "message",
        "prompt_mode": "none",
    }


def test_a_prompt_as_it_is_gets_no_length(client: openai.OpenAI) -> None:
    own = {"budget": 100, "prompt_mode": "exact"}
    stated = ask(client, extra_body={"thinkcap": own})
    as_is = ask(client, extra_body={"thinkcap": own | {"prompt": "as is"}})
    assert as_is.usage.prompt_tokens < stated.usage.prompt_tokens
    assert as_is.usage.prompt_tokens == ask(client).usage.prompt_tokens


def test_it_gives_what_solve_gives(client: openai.OpenAI) -> None:
    for budget in ("17", "none"):
        command = ["solve", PROBLEM, "--model", "abacus", "--quant", "f16", "--threads", "1", "--budget", budget]
        done = subprocess.run(
            [sys.executable, "-m", "thinkcap", *command, "--json"], capture_output=True, text=True, check=True
        )
        record = json.loads(done.stdout)
        reply = ask(client, extra_body={"thinking_budget": -1 if budget == "none" else int(budget)})
        assert reply.choices[0].message.content == record["solution"]
        assert reply.choices[0].message.reasoning_content == record["thinking"]


def test_the_model_is_listed(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["abacus"]
    assert client.models.retrieve("abacus").id == "abacus"
    with pytest.raises(openai.NotFoundError, match="this server has 'abacus'"):
        client.models.retrieve("other")


@pytest.mark.parametrize(
    ("body", "status", "named"),
    [
        ({"model": "gpt-5"}, 404, "abacus"),
        ({"messages": []}, 400, "messages"),
        ({"messages": "hello"}, 400, "messages"),
        ({"messages": [{"role": "tool", "content": "x"}]}, 400, "role"),
        ({"messages": [{"role": "user"}]}, 400, "empty"),
        ({"messages": [{"role": "user", "content": " "}]}, 400, "empty"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, 400, "content"),
        ({"messages": [*ASKED, {"role": "assistant", "content": "x"}]}, 400, "messages"),
        ({"messages": [{"role": "user", "content": "1 + " * 20_000}]}, 400, "context"),
        ({"thinking_budget": 1_000_000}, 400, "the largest that does here is"),
        ({"thinking_budget": -5}, 400, "thinking_budget"),
        ({"thinking_budget": "many"}, 400, "thinking_budget"),
        ({"thinking_budget": True}, 400, "thinking_budget"),
        ({"thinking_budget": 40, "max_tokens": 40}, 400, "the largest that does is 39"),
        ({"thinking_budget": 40, "thinking_token_budget": 41}, 400, "contradicts"),
        ({"reasoning_effort": "enormous"}, 400, "minimal, low, medium, high, xhigh"),
        ({"reasoning": {"summary": "auto"}}, 400, "reasoning.summary"),
        ({"chat_template_kwargs": {"colour": "red"}}, 400, "chat_template_kwargs.colour"),
        ({"thinkcap": {"colour": "red"}}, 400, "thinkcap.colour"),
        ({"thinkcap": {"time_limit": "soon"}}, 400, "time limit"),
        ({"thinkcap": {"prompt": "none"}}, 400, "thinkcap.prompt"),
        ({"max_tokens": 0}, 400, "max_tokens"),
        ({"n": 0}, 400, "n"),
        ({"n": 10_000_000}, 400, "n"),
        ({"temperature": "hot"}, 400, "temperature"),
        ({"temperature": -1}, 400, "temperature"),
        ({"top_p": 2}, 400, "top-p"),
        ({"seed": 1.5}, 400, "seed"),
        ({"stop": ""}, 400, "stop"),
        ({"stop": [1]}, 400, "stop"),
        ({"response_format": {"type": "json_object"}}, 400, "response_format"),
        ({"tools": [{"type": "function"}]}, 400, "tools"),
        ({"frequency_penalty": 0.5}, 400, "frequency_penalty"),
        ({"colour": "red"}, 400, "colour"),
        ({"stream": "yes"}, 400, "stream"),
    ],
)
def test_what_cannot_be_honoured_is_refused_by_name(
    server: Running, body: dict[str, Any], status: int, named: str
) -> None:
    for more in ({}, {"stream": True}) if "stream" not in body else ({},):
        answer = server.chat(**body, **more)
        error = answer.json()["error"]
        assert answer.status_code == status, error
        assert named in error["message"]
        assert set(error) == {"message", "type", "param", "code"}


def test_fields_that_change_nothing_are_accepted(client: openai.OpenAI) -> None:
    harmless = {"user": "me", "metadata": {"a": "b"}, "store": False, "presence_penalty": 0, "logprobs": False}
    sent = {"role": "user", "content": [{"type": "text", "text": PROBLEM}], "type": "text"}
    reply = ask(client, messages=[sent], stop=None, extra_body=harmless)
    assert "1262" in reply.choices[0].message.content


def test_a_client_that_reads_sees_the_thought_before_the_answer(client: openai.OpenAI) -> None:
    kinds = []
    for chunk in ask(client, stream=True):
        for choice in chunk.choices:
            kinds += ["thought"] if (choice.delta.model_extra or {}).get("reasoning_content") else []
            kinds += ["answer"] if choice.delta.content else []
    assert kinds.count("thought") > 3
    assert kinds == sorted(kinds, reverse=True)


def test_the_readmes_example_runs(server: Running, capsys: pytest.CaptureFixture[str]) -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    (example,) = (block for block in re.findall(r"```python\n(.*?)```", readme, re.DOTALL) if "OpenAI" in block)
    exec(example.replace("http://127.0.0.1:8337", server.url), {})
    assert "1262" in capsys.readouterr().out
