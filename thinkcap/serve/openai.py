"""OpenAI's dialect: `POST /v1/chat/completions` and `GET /v1/models`.

https://platform.openai.com/docs/api-reference/chat/create. The thought comes as `reasoning_content`, which DeepSeek's
interface introduced, and as `reasoning`, which newer clients read.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field
from starlette.requests import Request
from starlette.responses import Response

from thinkcap.errors import ThinkcapError
from thinkcap.serve.body import Body
from thinkcap.serve.chat import Chat, check_max_tokens
from thinkcap.serve.chat_endpoint import ChatBody, respond
from thinkcap.serve.errors import HttpError, refusal
from thinkcap.serve.loaded_model import LoadedModel
from thinkcap.serve.messages import Messages, conversation
from thinkcap.serve.reply import Replies, Reply
from thinkcap.serve.streaming import Json, event

_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
    500: "server_error",
    503: "server_error",
}


def _several(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Stops = Annotated[list[str], BeforeValidator(_several)]


class StreamOptions(Body):
    """What a stream carries beside text."""

    include_usage: bool = False
    include_obfuscation: Literal[False] = False


class ResponseFormat(Body):
    """The form of the answer: text, and no other."""

    type: Literal["text"]


class CompletionBody(ChatBody):
    """The body of a chat completion."""

    harmless: ClassVar = frozenset(
        {
            *("user", "metadata", "store", "safety_identifier", "prompt_cache_key", "prompt_cache_retention"),
            *("service_tier", "parallel_tool_calls", "cache_prompt"),
        }
    )
    neutral: ClassVar = {
        "presence_penalty": (0,),
        "frequency_penalty": (0,),
        "repetition_penalty": (1,),
        "repeat_penalty": (1,),
        "logit_bias": ({},),
        "logprobs": (False,),
        "top_logprobs": (0,),
        "tools": ([],),
        "tool_choice": ("none", "auto"),
        "functions": ([],),
        "function_call": ("none", "auto"),
        "modalities": (["text"],),
        "verbosity": ("medium",),
    }

    messages: Messages
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    seed: int | None = None
    n: int = 1
    stop: Stops = Field(default_factory=list)
    stream_options: StreamOptions = StreamOptions()
    response_format: ResponseFormat = ResponseFormat(type="text")

    def chat(self, model: LoadedModel) -> Chat:
        """What it asks for. Raises HttpError for what can't be honoured."""
        limit = "max_tokens" if self.max_completion_tokens is None else "max_completion_tokens"
        return Chat(
            conversation([each.message for each in self.messages]),
            self.budget(model.efforts),
            self.given("temperature", "top_p", "top_k", "min_p", "seed") | self.own,
            max_tokens=check_max_tokens(limit, getattr(self, limit)),
            max_tokens_name=limit,
            samples=self.n,
            stops=tuple(self.stop),
            as_is=self.as_is,
            shows_thought=self.shows_thought,
            more=self.more,
        )


async def complete(request: Request) -> Response:
    """`POST /v1/chat/completions`."""
    return await respond(
        request, CompletionBody, _chunks, lambda body, model, replies: _Answer(model.name).whole(replies)
    )


async def models(request: Request) -> Response:
    """`GET /v1/models`, in one form for OpenAI's and Anthropic's clients."""
    name = request.app.state.model.name
    entry = request.app.state.model.listing
    return Json({"object": "list", "data": [entry], "has_more": False, "first_id": name, "last_id": name})


async def retrieve_model(request: Request) -> Response:
    """`GET /v1/models/NAME`."""
    model = request.app.state.model
    model.check(request.path_params["name"])
    return Json(model.listing)


def error_object(error: HttpError) -> dict[str, Any]:
    """An error as OpenAI's clients read it."""
    kind = _TYPES.get(error.status, "invalid_request_error")
    code = "model_not_found" if error.status == 404 and error.field == "model" else None
    return {"error": {"message": str(error), "type": kind, "param": error.field, "code": code}}


class _Answer:
    """One chat completion: its id and time, and the objects that carry it."""

    def __init__(self, model: str) -> None:
        self._id = f"chatcmpl-{uuid.uuid4().hex}"
        self._head = {"created": int(time.time()), "model": model}

    def whole(self, replies: list[Reply]) -> dict[str, Any]:
        """The object of an answer that is not streamed."""
        choices = [
            {
                "index": index,
                "message": {"role": "assistant", "content": reply.answer} | _reasoning(reply.thought),
                "finish_reason": reply.finish,
                "logprobs": None,
                "thinkcap": reply.facts,
            }
            for index, reply in enumerate(replies)
        ]
        head = {"id": self._id, "object": "chat.completion", **self._head, "choices": choices}
        return head | {"usage": usage(replies), "thinkcap": replies[0].facts}

    def chunk(self, index: int, delta: dict[str, Any], reply: Reply | None = None) -> bytes:
        """An event of a stream; with the reply when it is over."""
        choice = {"index": index, "delta": delta, "finish_reason": reply.finish if reply else None, "logprobs": None}
        object = {"id": self._id, "object": "chat.completion.chunk", **self._head, "choices": [choice]}
        return event(object | {"thinkcap": reply.facts} if reply else object)

    def usage_chunk(self, replies: list[Reply]) -> bytes:
        """The event behind the last one, with what the answer cost."""
        head = {"id": self._id, "object": "chat.completion.chunk", **self._head}
        return event(head | {"choices": [], "usage": usage(replies)})


def usage(replies: list[Reply]) -> dict[str, Any]:
    """Tokens of the prompt and of all replies. The prompt counts once: it is read once."""
    prompt = replies[0].prompt_tokens
    completion = sum(reply.completion_tokens for reply in replies)
    reasoning = sum(reply.thinking_tokens for reply in replies)
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": replies[0].generation.cached_tokens},
        "completion_tokens_details": {"reasoning_tokens": reasoning},
    }


async def _chunks(body: CompletionBody, model: LoadedModel, replies: Replies) -> AsyncGenerator[bytes]:
    answer, begun = _Answer(model.name), set[int]()
    try:
        async with aclosing(replies.pieces()) as pieces:
            async for index, piece in pieces:
                delta: dict[str, Any] = {"content": piece.answer} if piece.answer else {}
                if piece.thought:
                    delta |= _reasoning(piece.thought)
                if index not in begun:
                    begun.add(index)
                    delta = {"role": "assistant", **delta}
                if delta:
                    yield answer.chunk(index, delta)
                if replies.all[index].outcome is not None:
                    yield answer.chunk(index, {}, replies.all[index])
        if body.stream_options.include_usage:
            yield answer.usage_chunk(replies.all)
    except ThinkcapError as error:
        yield event(error_object(refusal(error)))
    yield b"data: [DONE]\n\n"


def _reasoning(thought: str) -> dict[str, str]:
    return {"reasoning_content": thought, "reasoning": thought} if thought else {}
