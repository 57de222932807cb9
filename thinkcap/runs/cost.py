"""What results took together. A thought that several answers share counts once, as it was sampled once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf

from thinkcap.engine.limits import soft_ramp
from thinkcap.engine.more import is_settled
from thinkcap.engine.outcome import Outcome
from thinkcap.runs.result import Result


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


def cost_of(outcomes: Iterable[Outcome]) -> Cost:
    """What the outcomes of one run took: every thought once, and every answer once, however many budgets share it.

    Outcomes of the same problem, sample and prompt are answers to the same thought. Problems that could not be run took
    nothing. The few tokens of `Wait` that --min-thinking puts into a thought count with each of its answers.
    """
    thoughts: dict[tuple[str, int, str], list[Outcome]] = {}
    for outcome in outcomes:
        if not (isinstance(outcome, Result) and outcome.error):
            thoughts.setdefault((outcome.id, outcome.sample, outcome.prompt_text), []).append(outcome)
    return sum(map(_cost_of_thought, thoughts.values()), Cost())


def _cost_of_thought(outcomes: list[Outcome]) -> Cost:
    trunk = max(outcomes, key=_budget)
    answers: dict[tuple[int, float | None], Outcome] = {}
    for outcome in outcomes:
        # Budgets that the thought did not reach share the answer behind its end with the largest.
        ended = outcome.shared or is_settled(outcome)
        at = None if ended or _budget(outcome) == _budget(trunk) else _budget(outcome)
        answers[outcome.answer_index, at] = outcome
    own = {at: _own_thinking(outcome) for (_, at), outcome in answers.items() if at is not None}
    return Cost(
        thinking=trunk.thinking_tokens + sum(own.values()),
        injected=sum(outcome.injected_tokens for outcome in answers.values()),
        solution=sum(outcome.solution_tokens for outcome in answers.values()),
        probes=sum(outcome.probe_tokens for outcome in answers.values()),
    )


def _own_thinking(outcome: Outcome) -> int:
    """Thinking tokens that a fork did not share: with a soft cut, those of the stretch that leads up to it."""
    limit, ramp = outcome.budget.thinking, soft_ramp(outcome.style, outcome.budget.thinking)
    return max(0, outcome.thinking_tokens - (limit - ramp)) if limit and ramp else 0


def _budget(outcome: Outcome) -> float:
    return inf if outcome.budget.thinking is None else float(outcome.budget.thinking)
