"""thinkcap's own dialect: `POST /v1/sweep` runs one problem under one or many budgets and streams all that happens.

Each event is a JSON object with a `type` and the `budget` of the thought that it belongs to (null for no limit):
`started`, `thought`, `closed`, `answer` and `outcome`. A thought that is answered at several budgets is one thought, of
the largest of them; the forks' outcomes come as they finish. The last event is `finished`, or `error`.
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
from thinkcap.engine.request import Request
from thinkcap.errors import ThinkcapError
from thinkcap.serve.body import Body, read_object
from thinkcap.serve.budgets import Limit
from thinkcap.serve.dispatcher import Exchange, submit_all
from thinkcap.serve.errors import HttpError, bad_field, refusal
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

    def requests(self, engine: Engine) -> list[Request]:
        """The fewest requests that answer it. Raises UsageError for what makes no sense."""
        if (self.problem is None) == (self.messages is None):
            raise bad_field("problem", "or `messages` must be given, one of them.")
        problem = self.problem
        if self.messages is not None:
            problem = conversation([each.message for each in self.messages])  # type: ignore[assignment]
        apart = {"model", "problem", "messages", "budgets"}
        options: dict[str, Any] = {
            "seed": secrets.randbelow(1 << 31),
            **self.model_dump(exclude=apart, exclude_none=True),
        }
        budgets = [None if budget in (None, "none") else budget for budget in self.budgets]
        return engine.sweep_requests(problem, budgets, **options)  # type: ignore[arg-type]


async def sweep(request: HttpRequest) -> Response:
    """`POST /v1/sweep`."""
    body, dispatcher = SweepBody.read(await read_object(request)), request.app.state.dispatcher
    request.app.state.model.check(body.model)
    requests = body.requests(dispatcher.engine)
    characters = sum(len(each.problem) for each in requests)
    exchange = await dispatcher.exchange(
        lambda: submit_all(dispatcher.engine, requests), len(requests), characters, live=True
    )
    return Stream(_events(exchange), EVENTS, exchange.close)


async def answer_now(request: HttpRequest) -> Response:
    """`POST /v1/answer_now`: closes a sweep's thoughts with their next token, and lets the model answer."""
    body = AnswerNowBody.read(await read_object(request))
    exchange = request.app.state.dispatcher.exchanges.get(body.id)
    if exchange is None:
        raise HttpError(404, "Nothing of this `id` is running; it may have been answered already.", "id")
    for generation in exchange.generations:
        generation.answer_now()
    return Json({"id": body.id})


async def _events(exchange: Exchange) -> AsyncGenerator[bytes]:
    budgets = [generation.request.settings.budget for generation in exchange.generations]
    try:
        async with aclosing(aiter(exchange)) as news:
            async for index, events in news:
                for each in _merged(events):
                    of = {"budget": budgets[index]} | ({"id": exchange.id} if each["type"] == "started" else {})
                    yield event(of | each)
        yield event({"type": "finished"})
    except ThinkcapError as error:
        yield event({"type": "error", **error_object(refusal(error))})


def _merged(events: Sequence[Event]) -> list[dict[str, Any]]:
    """The events as JSON objects, texts of the same kind that follow each other as one."""
    objects: list[dict[str, Any]] = []
    for each in events:
        object = _object(each)
        last = objects[-1] if objects else {}
        mergeable = object["type"] in ("thought", "answer") and last.get("type") == object["type"]
        if mergeable and last.get("injected") == object.get("injected"):
            objects[-1] = object | {"text": last["text"] + object["text"]}
        else:
            objects.append(object)
    return objects


def _object(event: Event) -> dict[str, Any]:
    match event:
        case Started():
            limit = {"thinking_limit": event.thinking_limit, "budgeted": event.budgeted}
            return {"type": "started", "prompt_tokens": event.prompt_tokens, **limit}
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
        case ForkFinished() | Finished():
            return _outcome(event.outcome)


def _outcome(outcome: Outcome) -> dict[str, Any]:
    return {"type": "outcome", "budget": outcome.budget.thinking, "outcome": outcome.to_dict()}
