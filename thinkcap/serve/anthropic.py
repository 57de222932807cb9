"""Anthropic's dialect: `POST /v1/messages`.

https://docs.anthropic.com/en/api/messages. As there, nothing is thought unless `thinking` or another field asks for it,
so that the first block of an answer is its text for clients that do not know thoughts.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field
from starlette.requests import Request
from starlette.responses import Response

from thinkcap.engine.request import Message
from thinkcap.errors import ThinkcapError
from thinkcap.serve.body import Body
from thinkcap.serve.budgets import BudgetChoice
from thinkcap.serve.chat import Chat, check_max_tokens
from thinkcap.serve.chat_endpoint import ChatBody, respond
from thinkcap.serve.errors import HttpError, refusal
from thinkcap.serve.loaded_model import LoadedModel
from thinkcap.serve.messages import Content, conversation, past_turn
from thinkcap.serve.reply import Piece, Replies, Reply
from thinkcap.serve.streaming import event

SIGNATURE = "thinkcap"
"""Stands where Anthropic's servers sign a thought, since their clients need something there."""

NO_THOUGHT = BudgetChoice(0, kind="level")

_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    503: "overloaded_error",
}


def _turn(value: Any) -> Any:
    """A message with its blocks parted into text and thought. Signatures are not checked: ours say nothing."""
    if not isinstance(value, dict) or not isinstance(value.get("content"), list):
        return value
    blocks = [block if isinstance(block, dict) else {} for block in value["content"]]
    thoughts = [block for block in blocks if block.get("type") in ("thinking", "redacted_thinking")]
    texts = [block for block in blocks if block not in thoughts]
    thought = "".join(str(block.get("thinking", "")) for block in thoughts)
    return {**value, "content": texts, "thinking": thought}


class Turn(Body):
    """A message: a text, or blocks of text and thought."""

    role: Literal["system", "user", "assistant"]
    content: Content
    thinking: str = ""

    @property
    def message(self) -> Message:
        return past_turn(self.role, self.content, self.thinking)


class MessagesBody(ChatBody):
    """The body of a message request."""

    harmless: ClassVar = frozenset({"metadata", "service_tier", "inference_geo", "cache_control", "user_profile_id"})
    neutral: ClassVar = {"tools": ([],), "tool_choice": ({"type": "auto"}, {"type": "none"}), "speed": ("standard",)}

    messages: Annotated[list[Annotated[Turn, BeforeValidator(_turn)]], Field(min_length=1)]
    system: Content = ""
    max_tokens: int
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    stop_sequences: list[str] = Field(default_factory=list)

    def chat(self, model: LoadedModel) -> Chat:
        """What it asks for. Raises HttpError for what can't be honoured."""
        system = [Message("system", self.system)] if self.system else []
        return Chat(
            conversation([*system, *(each.message for each in self.messages)]),
            self.budget(model.efforts, NO_THOUGHT),
            self.given("temperature", "top_p", "top_k") | self.own,
            max_tokens=check_max_tokens("max_tokens", self.max_tokens),
            stops=tuple(self.stop_sequences),
            as_is=self.as_is,
            shows_thought=self.shows_thought,
            more=self.more,
        )


async def create(request: Request) -> Response:
    """`POST /v1/messages`."""
    return await respond(request, MessagesBody, _events, lambda body, model, replies: _message(model.name, replies[0]))


def error_object(error: HttpError) -> dict[str, Any]:
    """An error as Anthropic's clients read it."""
    return {
        "type": "error",
        "error": {"type": _TYPES.get(error.status, "invalid_request_error"), "message": str(error)},
    }


def _message(model: str, reply: Reply) -> dict[str, Any]:
    content: list[dict[str, Any]] = [{"type": "text", "text": reply.answer}]
    if reply.thought:
        content.insert(0, {"type": "thinking", "thinking": reply.thought, "signature": SIGNATURE})
    return _head(model, content, _ending(reply), _usage(reply)) | {"thinkcap": reply.facts}


def _head(model: str, content: list[Any], ending: dict[str, Any], usage: dict[str, Any]) -> dict[str, Any]:
    name = f"msg_{uuid.uuid4().hex}"
    return {
        "id": name,
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": content,
        **ending,
        "usage": usage,
    }


def _ending(reply: Reply) -> dict[str, Any]:
    reason = "stop_sequence" if reply.stop_text is not None else "end_turn" if reply.finish == "stop" else "max_tokens"
    return {"stop_reason": reason, "stop_sequence": reply.stop_text}


def _usage(reply: Reply) -> dict[str, Any]:
    """Tokens, as Anthropic counts them: `input_tokens` are those that had to be read."""
    cached = reply.generation.cached_tokens
    return {
        "input_tokens": reply.prompt_tokens - cached,
        "cache_read_input_tokens": cached,
        "cache_creation_input_tokens": 0,
        "output_tokens": reply.completion_tokens,
        "output_tokens_details": {"thinking_tokens": reply.thinking_tokens},
    }


class _Blocks:
    """The blocks of a streamed message: a thought, then a text, each begun and ended."""

    def __init__(self) -> None:
        self._index = -1
        self._kind: str | None = None

    def add(self, piece: Piece) -> list[bytes]:
        """The events that add a piece."""
        events = []
        if piece.thought:
            events += self._begin("thinking", {"thinking": "", "signature": ""})
            events.append(self._delta({"type": "thinking_delta", "thinking": piece.thought}))
        if piece.answer:
            events += self._begin("text", {"text": ""})
            events.append(self._delta({"type": "text_delta", "text": piece.answer}))
        return events

    def end(self) -> list[bytes]:
        """The events that end the last block."""
        events = []
        if self._kind is None:
            events += self._begin("text", {"text": ""})
        if self._kind == "thinking":
            events.append(self._delta({"type": "signature_delta", "signature": SIGNATURE}))
        return [*events, _event("content_block_stop", {"index": self._index})]

    def _begin(self, kind: str, empty: dict[str, str]) -> list[bytes]:
        if kind == self._kind:
            return []
        events = self.end() if self._kind is not None else []
        self._kind = kind
        self._index += 1
        block = {"type": kind, **empty}
        return [*events, _event("content_block_start", {"index": self._index, "content_block": block})]

    def _delta(self, delta: dict[str, str]) -> bytes:
        return _event("content_block_delta", {"index": self._index, "delta": delta})


async def _events(body: MessagesBody, model: LoadedModel, replies: Replies) -> AsyncGenerator[bytes]:
    reply, blocks, begun = replies.all[0], _Blocks(), False
    unknown = {"stop_reason": None, "stop_sequence": None}
    try:
        async with aclosing(replies.pieces()) as pieces:
            async for _, piece in pieces:
                if not begun:
                    begun = True
                    usage = _usage(reply) | {"output_tokens": 0, "output_tokens_details": {"thinking_tokens": 0}}
                    yield _event("message_start", {"message": _head(model.name, [], unknown, usage)})
                if events := blocks.add(piece):
                    yield b"".join(events)
        closing_delta = {"delta": _ending(reply), "usage": _usage(reply), "thinkcap": reply.facts}
        yield b"".join([*blocks.end(), _event("message_delta", closing_delta), _event("message_stop", {})])
    except ThinkcapError as error:
        yield event(error_object(refusal(error)), "error")


def _event(kind: str, value: dict[str, Any]) -> bytes:
    return event({"type": kind, **value}, kind)
