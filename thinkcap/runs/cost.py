"""What results took together: a thought that several answers share counts once, as it was sampled once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import inf
from typing import Any

from thinkcap.engine.limits import SOFT_SHARE


@dataclass(frozen=True, slots=True)
class Cost:
    """Tokens of each kind; `total` is all of them. Prompts are not counted, they are the same for every method."""

    thinking: int = 0
    injected: int = 0
    solution: int = 0
    probes: int = 0

    @property
    def total(self) -> int:
        return self.thinking + self.injected + self.solution + self.probes

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            self.thinking + other.thinking,
            self.injected + other.injected,
            self.solution + other.solution,
            self.probes + other.probes,
        )


def cost_of(records: Iterable[Mapping[str, Any]]) -> Cost:
    """What the results of one run took: every thought once, and every answer once, however many budgets share it.

    Results of the same problem, sample and prompt are answers to the same thought. Problems that could not be run took
    nothing. The few tokens of `Wait` that --min-thinking puts into a thought count with each of its answers.
    """
    thoughts: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for record in records:
        if not record.get("error"):
            thoughts.setdefault((record["id"], record["sample"], record.get("prompt_text")), []).append(record)
    return sum(map(_cost_of_thought, thoughts.values()), Cost())


def _cost_of_thought(records: list[Mapping[str, Any]]) -> Cost:
    trunk = max(records, key=_budget)
    answers: dict[tuple[int, float | None], Mapping[str, Any]] = {}
    for record in records:
        # Budgets that the thought did not reach share the answer behind its end with the largest.
        at = None if record.get("shared") or _budget(record) == _budget(trunk) else _budget(record)
        answers[record.get("reply", 0), at] = record
    own = {at: _own_thinking(record) for (_, at), record in answers.items() if at is not None}
    return Cost(
        thinking=trunk["thinking_tokens"] + sum(own.values()),
        injected=sum(record.get("injected_tokens", 0) for record in answers.values()),
        solution=sum(record["solution_tokens"] for record in answers.values()),
        probes=trunk.get("probe_tokens", 0),
    )


def _own_thinking(record: Mapping[str, Any]) -> int:
    """Thinking tokens that a fork did not share: under a soft cut, those of the stretch that leads up to it."""
    budget = record["budget"]
    if budget.get("style") != "soft" or not budget["thinking"]:
        return 0
    limit, used = int(budget["thinking"]), int(record["thinking_tokens"])
    return max(0, used - (limit - -(-limit // SOFT_SHARE)))


def _budget(record: Mapping[str, Any]) -> float:
    thinking = record["budget"].get("thinking")
    return inf if thinking is None else float(thinking)
