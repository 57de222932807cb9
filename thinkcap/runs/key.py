"""What tells one result of a run from all others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Self

if TYPE_CHECKING:
    from thinkcap.engine.outcome import Outcome
    from thinkcap.engine.request import Request


class Key(NamedTuple):
    """A problem's id, a sample's number, its thinking budget and the answer's number: what a file holds once."""

    id: str
    sample: int
    thinking: int | None = None
    answer_index: int = 0

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> Self:
        """The key of a line of a result file; older files have no `reply`."""
        budget = record.get("budget") or {}
        return cls(record["id"], record["sample"], budget.get("thinking"), record.get("reply", 0))

    @classmethod
    def of_outcome(cls, outcome: Outcome) -> Self:
        return cls(outcome.id, outcome.sample, outcome.budget.thinking, outcome.answer_index)

    @classmethod
    def all_of(cls, request: Request) -> list[Self]:
        """The keys of all outcomes that a request has: one for each budget and answer."""
        return [
            cls(request.id, request.sample, thinking, reply)
            for thinking in (*request.fork_budgets, request.budget.thinking)
            for reply in range(request.answer_index, request.answer_index + request.answers_per_thought)
        ]
