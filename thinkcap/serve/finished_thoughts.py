"""Thoughts that have finished and may go on: the last of them are kept, each under an id that nobody can guess."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from thinkcap.engine.more import continued
from thinkcap.engine.outcome import Outcome
from thinkcap.engine.request import Message, Request
from thinkcap.serve.errors import HttpError, bad_field

MAX_KEPT = 256
"""Thoughts that a server keeps; the least recently used goes first."""

_OWN = frozenset({"budget", "solution_budget", "time_limit", "force_answer"})
"""Settings that a request which goes on has for itself."""


class FinishedThoughts:
    """The outcomes that a server keeps, by id."""

    def __init__(self, limit: int = MAX_KEPT) -> None:
        self._limit = limit
        self._outcomes: OrderedDict[str, Outcome] = OrderedDict()

    def keep(self, outcome: Outcome) -> str:
        """Keeps an outcome. Returns its id."""
        assert outcome.request is not None
        name = secrets.token_urlsafe(16)
        self._outcomes[name] = replace(outcome, request=replace(outcome.request, earlier=None))
        if len(self._outcomes) > self._limit:
            self._outcomes.popitem(last=False)
        return name

    def find(self, name: object, field: str) -> Outcome:
        """The outcome of an id, which the field holds. Raises HttpError if it is not kept."""
        if not isinstance(name, str):
            raise bad_field(field, "must be the id of a reply, a text.")
        if name not in self._outcomes:
            message = f"No thought of this `{field}` is kept; the last {self._limit} are. Ask anew, without it."
            raise HttpError(404, message, field)
        self._outcomes.move_to_end(name)
        return self._outcomes[name]


def inherited(earlier: Outcome, messages: Sequence[Message], options: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a request that goes on from an outcome: those of the outcome, and what is given beside them.

    Raises HttpError if the messages are not the same, or an option that shapes the thought is not.
    """
    before = earlier.request
    assert before is not None
    if list(messages) != [*before.history, Message("user", before.problem)]:
        raise bad_field("messages", "must be those of the reply that goes on.")
    same = {name: value for name, value in before.settings.given().items() if name not in _OWN}
    if not before.budget.thinking:
        del same["prompt_mode"]  # without a budget there was none to state
    for name, value in options.items():
        if name in same and value != same[name]:
            raise bad_field(name, f"was {same[name]} in the reply that goes on; leave it out, or ask anew.")
    return {**same, **options}


def going_on(request: Request, earlier: Outcome, field: str) -> Request:
    """The request, going on from an outcome. Raises HttpError for a budget that the thought has used up; the field is
    the one to blame."""
    assert earlier.request is not None
    budget, used = request.settings.budget, earlier.thinking_tokens
    if budget is not None and budget <= used:
        raise bad_field(field, f"allows {budget:,} thinking tokens, and the thought has {used:,} already; allow more.")
    return continued(request.with_sample(earlier.request.sample), earlier)
