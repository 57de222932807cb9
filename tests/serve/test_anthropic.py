"""Anthropic's own client against a real server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import anthropic
import pytest

from tests.serve.running import ASKED, THOUGHT, Running


@pytest.fixture
def client(server: Running) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=server.url, api_key="any", max_retries=0) as client:
        yield client


def ask(client: anthropic.Anthropic, **options: Any) -> Any:
    body: Any = {"model": "abacus", "messages": ASKED, "max_tokens": 1000} | options
    return client.messages.create(**body)


BUDGETS = [
    ({"thinking": {"type": "disabled"}}, 0),
    ({"thinking": {"type": "enabled", "budget_tokens": 0}}, 0),
    ({"thinking": {"type": "enabled", "budget_tokens": 1}}, 1),
    ({"thinking": {"type": "enabled", "budget_tokens": 17}}, 17),
    ({"thinking": {"type": "enabled", "budget_tokens": 64}}, 64),
    ({"thinking": {"type": "adaptive"}}, THOUGHT),
    ({"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}}, 32),
    ({"thinking": {"type": "adaptive"}, "output_config": {"effort": "max"}}, THOUGHT),
    ({"extra_body": {"thinkcap": {"budget": "none"}}}, THOUGHT),
    ({}, 0),
]


@pytest.mark.parametrize(("options", "used"), BUDGETS)
def test_a_budget_is_exact(client: anthropic.Anthropic, options: dict[str, Any], used: int) -> None:
    message = ask(client, **options)
    assert [block.type for block in message.content] == (["thinking", "text"] if used else ["text"])
    assert message.usage.output_tokens_details.thinking_tokens == used
    assert message.usage.output_tokens == used + message.thinkcap["solution_tokens"]
    assert message.stop_reason == "end_turn"
    body: Any = {"model": "abacus", "messages": ASKED, "max_tokens": 1000} | options
    with client.messages.stream(**body) as stream:
        text = "".join(stream.text_stream)
        streamed = stream.get_final_message()
    assert text == message.content[-1].text
    thoughts = [[getattr(block, "thinking", "") for block in each.content] for each in (streamed, message)]
    assert thoughts[0] == thoughts[1]
    assert streamed.usage.output_tokens == message.usage.output_tokens
    assert streamed.stop_reason == "end_turn"


def test_the_events_come_as_its_clients_expect(client: anthropic.Anthropic) -> None:
    thinking: Any = {"type": "enabled", "budget_tokens": 17}
    body: Any = {"model": "abacus", "messages": ASKED, "max_tokens": 100, "thinking": thinking}
    kinds = [event.type for event in client.messages.create(**body, stream=True)]
    assert kinds[0] == "message_start"
    assert kinds[-2:] == ["message_delta", "message_stop"]
    assert kinds.count("content_block_start") == kinds.count("content_block_stop") == 2
    deltas = [
        event.delta.type for event in client.messages.create(**body, stream=True) if event.type == "content_block_delta"
    ]
    assert deltas.count("signature_delta") == 1
    assert deltas.index("signature_delta") < deltas.index("text_delta")


def test_max_tokens_leaves_room_for_the_answer(client: anthropic.Anthropic) -> None:
    for limit in (8, 30, 90, 200):
        message = ask(client, max_tokens=limit, thinking={"type": "adaptive"})
        assert message.content[-1].text.strip()
        assert message.usage.output_tokens <= limit
        assert message.stop_reason == ("max_tokens" if limit == 8 else "end_turn")


def test_a_stop_sequence_is_named(client: anthropic.Anthropic) -> None:
    message = ask(client, stop_sequences=["boxed"])
    assert (message.stop_reason, message.stop_sequence) == ("stop_sequence", "boxed")
    assert message.content[0].text.endswith("\\")


def test_a_conversation_may_hold_thoughts_and_a_system_text(client: anthropic.Anthropic) -> None:
    first = ask(client, thinking={"type": "adaptive"})
    messages = [*ASKED, {"role": "assistant", "content": first.content}, {"role": "user", "content": "What is 5 + 6?"}]
    second = ask(client, messages=messages, thinking={"type": "enabled", "budget_tokens": 9})
    assert second.usage.output_tokens_details.thinking_tokens == 9
    assert second.usage.input_tokens < 20
    assert second.usage.cache_read_input_tokens > first.usage.output_tokens
    with_system = ask(client, system=[{"type": "text", "text": "Answer."}])
    assert with_system.usage.input_tokens + with_system.usage.cache_read_input_tokens > 24


def test_the_thought_can_be_left_out(client: anthropic.Anthropic) -> None:
    message = ask(client, thinking={"type": "adaptive", "display": "omitted"})
    assert [block.type for block in message.content] == ["text"]
    assert message.usage.output_tokens_details.thinking_tokens == THOUGHT


@pytest.mark.parametrize(
    ("options", "error", "named"),
    [
        ({"model": "claude"}, anthropic.NotFoundError, "abacus"),
        ({"thinking": {"type": "enabled", "budget_tokens": 1000}}, anthropic.BadRequestError, "is 999"),
        ({"thinking": {"type": "sometimes"}}, anthropic.BadRequestError, "thinking.type"),
        ({"output_config": {"effort": "huge"}}, anthropic.BadRequestError, "output_config.effort"),
        ({"messages": [{"role": "tool", "content": "x"}]}, anthropic.BadRequestError, "role"),
        ({"messages": [{"role": "user", "content": [{"type": "image"}]}]}, anthropic.BadRequestError, "content"),
        ({"tools": [{"name": "x"}]}, anthropic.BadRequestError, "tools"),
        ({"max_tokens": 0}, anthropic.BadRequestError, "max_tokens"),
    ],
)
def test_what_cannot_be_honoured_is_refused(
    client: anthropic.Anthropic, options: dict[str, Any], error: type[anthropic.APIStatusError], named: str
) -> None:
    with pytest.raises(error) as caught:
        ask(client, **options)
    body: Any = caught.value.body
    assert body["type"] == "error"
    assert named in body["error"]["message"]
