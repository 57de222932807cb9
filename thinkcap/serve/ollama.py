"""Ollama's dialect: `POST /api/chat`, and what its clients ask for besides: `/api/tags`, `/api/show`, `/api/version`.

https://github.com/ollama/ollama/blob/main/docs/api.md. `think` may be true, false, a level, or a number of tokens.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any, ClassVar

from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

import thinkcap
from thinkcap.errors import ThinkcapError
from thinkcap.serve.body import Body, read_object
from thinkcap.serve.chat import Chat, check_max_tokens
from thinkcap.serve.chat_endpoint import ChatBody, respond
from thinkcap.serve.errors import HttpError, bad_field, refusal
from thinkcap.serve.loaded_model import LoadedModel
from thinkcap.serve.messages import Messages, conversation
from thinkcap.serve.openai import Stops
from thinkcap.serve.reply import Piece, Replies, Reply
from thinkcap.serve.streaming import LINES, Json, to_json

NANOSECONDS = 1_000_000_000


class ModelOptions(Body):
    """Ollama's `options`. What is about loading the model changes nothing: it is loaded."""

    harmless: ClassVar = frozenset(
        {"numa", "num_batch", "num_gpu", "main_gpu", "low_vram", "use_mmap", "use_mlock", "num_thread", "num_keep"}
    )
    neutral: ClassVar = {
        "repeat_penalty": (1,),
        "presence_penalty": (0,),
        "frequency_penalty": (0,),
        "mirostat": (0,),
        "tfs_z": (1,),
        "typical_p": (1,),
    }

    num_ctx: int | None = None
    num_predict: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    seed: int | None = None
    stop: Stops = Field(default_factory=list)


class OllamaBody(ChatBody):
    """The body of a chat."""

    harmless: ClassVar = frozenset({"keep_alive"})
    neutral: ClassVar = {"format": ("",), "tools": ([],), "logprobs": (False,), "top_logprobs": (0,)}

    messages: Messages
    options: ModelOptions = ModelOptions()
    stream: bool = True

    def chat(self, model: LoadedModel) -> Chat:
        """What it asks for. Raises HttpError for what can't be honoured."""
        options = self.options
        if options.num_ctx is not None and options.num_ctx > model.context:
            raise bad_field("options.num_ctx", f"is above the context of {model.context:,} tokens.")
        unlimited = options.num_predict in (-1, -2)
        return Chat(
            conversation([each.message for each in self.messages]),
            self.budget(model.efforts),
            options.given("temperature", "top_p", "top_k", "min_p", "seed") | self.own,
            max_tokens=None if unlimited else check_max_tokens("options.num_predict", options.num_predict),
            max_tokens_name="options.num_predict",
            stops=tuple(options.stop),
            as_is=self.as_is,
            shows_thought=self.shows_thought,
            more=self.more,
        )


class ShowBody(Body):
    """The body of a question for a model."""

    harmless: ClassVar = frozenset({"name", "verbose"})

    model: str | None = None


async def chat(request: Request) -> Response:
    """`POST /api/chat`."""
    return await respond(request, OllamaBody, _lines, _whole, LINES)


async def tags(request: Request) -> Response:
    """`GET /api/tags`: the model that is loaded."""
    return Json({"models": [_entry(request.app.state.model)]})


async def show(request: Request) -> Response:
    """`POST /api/show`."""
    model: LoadedModel = request.app.state.model
    model.check(ShowBody.read(await read_object(request)).model)
    info = {"general.architecture": model.architecture, f"{model.architecture}.context_length": model.context}
    return Json({**_entry(model), "capabilities": ["completion", "thinking"], "model_info": info, "template": ""})


async def version(request: Request) -> Response:
    """`GET /api/version`."""
    return Json({"version": thinkcap.__version__})


def error_object(error: HttpError) -> dict[str, Any]:
    """An error as Ollama's clients read it."""
    return {"error": str(error)}


def _entry(model: LoadedModel) -> dict[str, Any]:
    family = model.architecture
    details = {"format": "gguf", "family": family, "families": [family], "quantization_level": model.quant.upper()}
    return {
        "name": f"{model.name}:latest",
        "model": f"{model.name}:latest",
        "modified_at": model.loaded.isoformat(),
        "size": model.file_bytes,
        "digest": model.sha256,
        "details": details,
    }


def _line(model: str, piece: Piece, done: bool = False) -> dict[str, Any]:
    message = {"role": "assistant", "content": piece.answer}
    if piece.thought:
        message["thinking"] = piece.thought
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    return {"model": model, "created_at": now, "message": message, "done": done}


def _last(model: str, reply: Reply, piece: Piece) -> dict[str, Any]:
    """The object that ends an answer, with what it took."""
    seconds: Mapping[str, float] = reply.facts["seconds"]
    return _line(model, piece, done=True) | {
        "done_reason": reply.finish,
        "total_duration": int((seconds["prompt"] + seconds["thinking"] + seconds["solution"]) * NANOSECONDS),
        "load_duration": 0,
        "prompt_eval_count": reply.prompt_tokens,
        "prompt_eval_duration": int(seconds["prompt"] * NANOSECONDS),
        "eval_count": reply.completion_tokens,
        "eval_duration": int((seconds["thinking"] + seconds["solution"]) * NANOSECONDS),
        "thinkcap": reply.facts,
    }


def _whole(body: OllamaBody, model: LoadedModel, replies: list[Reply]) -> dict[str, Any]:
    (reply,) = replies
    return _last(body.model or model.name, reply, Piece(reply.thought, reply.answer))


async def _lines(body: OllamaBody, model: LoadedModel, replies: Replies) -> AsyncGenerator[bytes]:
    name = body.model or model.name
    try:
        async with aclosing(replies.pieces()) as pieces:
            async for _, piece in pieces:
                parts = [Piece(piece.thought, ""), Piece("", piece.answer)]
                if lines := [to_json(_line(name, part)) + b"\n" for part in parts if any(part)]:
                    yield b"".join(lines)
        yield to_json(_last(name, replies.all[0], Piece("", ""))) + b"\n"
    except ThinkcapError as error:
        yield to_json(error_object(refusal(error))) + b"\n"
