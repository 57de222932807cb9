"""thinkcap's own dialect: `POST /v1/sweep` runs one problem under one or many budgets and streams all that happens.

Each event is a JSON object with a `type` and the `budget` of the thought that it belongs to (null for no limit):
`started`, `thought`, `closed`, `answer` and `outcome`. A thought that is answered at several budgets is one thought, of
the largest of them; the forks' outcomes come as they finish. The last event is `finished`, or `error`. The outcome of a
whole thought has an `id`: with it as `more`, and one larger budget, the thought goes on, behind the text `resumed` of
its `started` event.
`POST /v1/answer_now` with the `id` of a `started` event ends the thinking there.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Annotated, Any

from pydantic import Field
from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from thinkcap.engine.engine import Engine
from thinkcap.engine.events import Answered, Closed, Event, Finished, ForkFinished, Started, Thought
from thinkcap.engine.outcome import Outcome
from thinkcap.engine.request import Message, Request
from thinkcap.errors import ThinkcapError
from thinkcap.serve.body import Body, read_object
from thinkcap.serve.budgets import Limit
from thinkcap.serve.dispatcher import Exchange, submit_all
from thinkcap.serve.errors import HttpError, bad_field, refusal
from thinkcap.serve.finished_thoughts import FinishedThoughts, going_on, inherited
from thinkcap.serve.messages import Messages, conversation
from thinkcap.serve.openai import error_object
from thinkcap.serve.streaming import EVENTS, Json, Stream, event

MAX_BUDGETS = 32
"""Budgets of one sweep at most."""


class AnswerNowBody(Body):
    """The body of `POST /v1/answer_now`."""

    id: str


class SweepBody(Body):
    """The body of a sweep: a problem or a conversation, the budgets, and options of the engine by their own names."""

    model: str | None = None
    problem: str | None = None
    messages: Messages | None = None
    budgets: Annotated[list[Limit | None], Field(min_length=1, max_length=MAX_BUDGETS)]
    more: str | None = None
    solution_budget: int | None = None
    min_thinking: int | None = None
    cut_style: str | None = None
    prompt_mode: str | None = None
    loop_guard: bool | None = None
    force_answer: bool | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    seed: int | None = None

    @property
    def conversation(self) -> list[Message]:
        """What is asked, as a conversation. Raises HttpError if it is given twice or not at all."""
        if (self.problem is None) == (self.messages is None):
            raise bad_field("problem", "or `messages` must be given, one of them.")
        if self.messages is not None:
            return conversation([each.message for each in self.messages])
        return [Message("user", self.problem or "")]

    def requests(self, engine: Engine, earlier: Outcome | None) -> list[Request]:
        """The fewest requests that answer it, going on from an outcome if there is one. Raises UsageError for what
        makes no sense."""
        apart = {"model", "problem", "messages", "budgets", "more"}
        options: dict[str, Any] = self.model_dump(exclude=apart, exclude_none=True)
        budgets = [None if budget in (None, "none") else budget for budget in self.budgets]
        if earlier is None:
            options = {"seed": secrets.randbelow(1 << 31), **options}
            return engine.sweep_requests(self.conversation, budgets, **options)  # type: ignore[arg-type]
        if len(budgets) > 1:
            raise bad_field("budgets", "must be one for a thought that goes on.")
        options = inherited(earlier, self.conversation, options)
        return [going_on(engine.request(self.conversation, budgets[0], **options), earlier, "budgets")]  # type: ignore[arg-type]


async def sweep(request: HttpRequest) -> Response:
    """`POST /v1/sweep`."""
    body, dispatcher = SweepBody.read(await read_object(request)), request.app.state.dispatcher
    request.app.state.model.check(body.model)
    thoughts = request.app.state.thoughts
    requests = body.requests(dispatcher.engine, thoughts.find(body.more, "more") if body.more is not None else None)
    characters = sum(len(each.problem) for each in requests)
    exchange = await dispatcher.exchange(
        lambda: submit_all(dispatcher.engine, requests), len(requests), characters, live=True
    )
    return Stream(_events(exchange, thoughts), EVENTS, exchange.close)


async def answer_now(request: HttpRequest) -> Response:
    """`POST /v1/answer_now`: closes a sweep's thoughts with their next token, and lets the model answer."""
    body = AnswerNowBody.read(await read_object(request))
    exchange = request.app.state.dispatcher.exchanges.get(body.id)
    if exchange is None:
        raise HttpError(404, "Nothing of this `id` is running; it may have been answered already.", "id")
    for generation in exchange.generations:
        generation.answer_now()
    return Json({"id": body.id})


async def _events(exchange: Exchange, thoughts: FinishedThoughts) -> AsyncGenerator[bytes]:
    budgets = [generation.request.settings.budget for generation in exchange.generations]
    try:
        async with aclosing(aiter(exchange)) as news:
            async for index, events in news:
                for each in _merged(events, thoughts):
                    of = {"budget": budgets[index]} | ({"id": exchange.id} if each["type"] == "started" else {})
                    yield event(of | each)
        yield event({"type": "finished"})
    except ThinkcapError as error:
        yield event({"type": "error", **error_object(refusal(error))})


def _merged(events: Sequence[Event], thoughts: FinishedThoughts) -> list[dict[str, Any]]:
    """The events as JSON objects, texts of the same kind that follow each other as one."""
    objects: list[dict[str, Any]] = []
    for each in events:
        object = _object(each, thoughts)
        last = objects[-1] if objects else {}
        mergeable = object["type"] in ("thought", "answer") and last.get("type") == object["type"]
        if mergeable and last.get("injected") == object.get("injected"):
            objects[-1] = object | {"text": last["text"] + object["text"]}
        else:
            objects.append(object)
    return objects


def _object(event: Event, thoughts: FinishedThoughts) -> dict[str, Any]:
    match event:
        case Started():
            limit = {"thinking_limit": event.thinking_limit, "budgeted": event.budgeted}
            return {"type": "started", "prompt_tokens": event.prompt_tokens, "resumed": event.resumed, **limit}
        case Thought():
            count = {"thinking_tokens": event.thinking_tokens, "injected": event.injected}
            return {"type": "thought", "text": event.text, **count}
        case Closed():
            return {
                "type": "closed",
                "stop_reason": event.stop_reason,
                "thinking_tokens": event.thinking_tokens,
                "injected_tokens": event.injected_tokens,
                "seconds": round(event.seconds, 4),
            }
        case Answered():
            return {"type": "answer", "text": event.text, "solution_tokens": event.solution_tokens}
        case ForkFinished():
            return _outcome(event.outcome)
        case Finished():
            return {**_outcome(event.outcome), "id": thoughts.keep(event.outcome)}


def _outcome(outcome: Outcome) -> dict[str, Any]:
    return {"type": "outcome", "budget": outcome.budget.thinking, "outcome": outcome.to_dict()}
