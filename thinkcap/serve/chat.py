"""A chat request, whatever its dialect: what it asks of the engine."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from thinkcap.engine.limits import DoesNotFitError
from thinkcap.engine.request import Message, Request
from thinkcap.serve.budgets import BudgetChoice
from thinkcap.serve.dispatcher import submit_all
from thinkcap.serve.errors import HttpError, bad_field
from thinkcap.serve.finished_thoughts import going_on, inherited

if TYPE_CHECKING:
    from thinkcap.engine.engine import Engine
    from thinkcap.engine.generation import Generation
    from thinkcap.engine.outcome import Outcome

MAX_SAMPLES = 64
"""Replies that one request may ask for."""

MAX_STOPS = 16
"""Texts that may end a reply."""


@dataclass(frozen=True, slots=True)
class Chat:
    """One request for replies.

    messages         the conversation, the last message the user's
    budget           how much to think
    options          further options of the engine, by name
    max_tokens       tokens of thought and answer together at most; None leaves each its own limit
    max_tokens_name  what the dialect calls that
    samples          how many replies
    stops            texts that end the answer, and are not part of it
    as_is            whether the last message goes to the model without the instruction of its entry
    shows_thought    whether the client gets to see the thought
    more             the id of the reply whose thought goes on, None if it begins
    """

    messages: Sequence[Message]
    budget: BudgetChoice
    options: Mapping[str, Any] = field(default_factory=dict)
    max_tokens: int | None = None
    max_tokens_name: str = "max_tokens"
    samples: int = 1
    stops: tuple[str, ...] = ()
    as_is: bool = False
    shows_thought: bool = True
    more: Any = None

    def __post_init__(self) -> None:
        if not 1 <= self.samples <= MAX_SAMPLES:
            raise bad_field("n", f"must be from 1 to {MAX_SAMPLES}.")
        if self.samples > 1 and self.more is not None:
            raise bad_field("n", "must be 1 for a thought that goes on.")
        if len(self.stops) > MAX_STOPS or not all(self.stops):
            raise bad_field("stop", f"takes at most {MAX_STOPS} texts, none of them empty.")

    @property
    def characters(self) -> int:
        """How much text there is to read."""
        return sum(len(message.content) + len(message.thinking) for message in self.messages)

    def submit(self, engine: Engine, earlier: Outcome | None = None) -> list[Generation]:
        """Submits it. Returns a generation for each reply.

        earlier  the outcome from which it goes on

        Raises UsageError for what makes no sense, HttpError for fields that contradict each other, QueueFullError if
        too many requests wait.
        """
        if earlier is None:
            options = {"seed": secrets.randbelow(1 << 31), **self.options}
        else:
            options = inherited(earlier, self.messages, self.options)
        try:
            return self._submit(engine, options, self.max_tokens, earlier)
        except DoesNotFitError as error:
            given = self.budget.kind == "number" and isinstance(self.budget.tokens, int)
            bounded = self.max_tokens is not None or self.budget.kind == "level"
            if not bounded or error.room < 1 or (given and self.budget.tokens >= error.room):
                raise HttpError(400, str(error), self.budget.field or None) from None
            return self._submit(engine, options, error.room, earlier)

    def _submit(
        self, engine: Engine, options: Mapping[str, Any], reply: int | None, earlier: Outcome | None
    ) -> list[Generation]:
        request = self._request(engine, options, reply)
        if earlier is not None:
            return submit_all(engine, [going_on(request, earlier, self.budget.field or "thinkcap.more")])
        return submit_all(engine, map(request.with_sample, range(self.samples)))

    def _request(self, engine: Engine, options: Mapping[str, Any], reply: int | None) -> Request:
        """The engine's request, within `reply` tokens of thought and answer together."""
        request = engine.request(self.messages, self.budget.tokens, **options)
        if reply is not None:
            thinking, solution = self._split(request, engine.profile.usual_solution, reply)
            within = dict(options)
            if solution > 2 * engine.answer_reserve:
                solution -= engine.answer_reserve
            else:
                within["force_answer"] = False  # it would go beyond the reply's limit
            request = engine.request(self.messages, thinking, **{**within, "solution_budget": solution})
            request = replace(request, pooled="solution_budget" not in options)
        if self.as_is:
            settings = replace(request.settings, prompt_mode="none")
            request = replace(request, prompt_text=request.problem, settings=settings)
        return request

    def _split(self, request: Request, usual_solution: int, reply: int) -> tuple[int, int]:
        """The thinking and the solution budget within a reply of so many tokens. A number that the client gave is
        kept; else the thought leaves room for the answer."""
        wanted = request.settings.budget
        if self.budget.kind == "number" and wanted is not None:
            if wanted >= reply:
                raise bad_field(
                    self.budget.field,
                    f"of {wanted:,} leaves no room for an answer within {reply:,} tokens (`{self.max_tokens_name}`); "
                    f"the largest that does is {reply - 1:,}.",
                )
            thinking = wanted
        else:
            room = min(reply, self.options.get("solution_budget") or usual_solution)
            thinking = reply - room if wanted is None else min(wanted, reply - room)
        solution = reply - thinking
        return thinking, min(solution, self.options.get("solution_budget") or solution)


def check_max_tokens(name: str, value: int | None) -> int | None:
    """A limit on the whole reply, if it is one."""
    if value is not None and value < 1:
        raise bad_field(name, "must be 1 or more.")
    return value
