"""What the endpoints for chats have in common: from a body to an answer, whole or in pieces."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import closing
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from thinkcap.serve.body import read_object
from thinkcap.serve.budgets import BudgetFields
from thinkcap.serve.chat import Chat
from thinkcap.serve.loaded_model import LoadedModel
from thinkcap.serve.reply import Replies, Reply
from thinkcap.serve.streaming import EVENTS, Json, Stream, while_present


class ChatBody(BudgetFields):
    """The body of a chat, with the fields of all dialects."""

    model: str | None = None
    stream: bool = False

    def chat(self, model: LoadedModel) -> Chat:
        """What it asks for. Raises HttpError for what can't be honoured."""
        raise NotImplementedError


AnyChatBody = TypeVar("AnyChatBody", bound=ChatBody)


async def respond(
    request: Request,
    kind: type[AnyChatBody],
    pieces: Callable[[AnyChatBody, LoadedModel, Replies], AsyncGenerator[bytes]],
    whole: Callable[[AnyChatBody, LoadedModel, list[Reply]], Any],
    media_type: str = EVENTS,
) -> Response:
    """Answers a chat in a dialect.

    kind        the dialect's body
    pieces      what it sends, piece by piece, if the client wants a stream
    whole       the object it sends if not
    media_type  of a stream
    """
    state = request.app.state
    body, model = kind.read(await read_object(request)), state.model
    model.check(body.model)
    replies = await Replies.of(body.chat(model), state.dispatcher, state.thoughts, body.stream)
    if body.stream:
        return Stream(pieces(body, model, replies), media_type, replies.close)
    with closing(replies):
        done = await while_present(request.receive, replies.whole())
    return Json(whole(body, model, done) if done else None)
