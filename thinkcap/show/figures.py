"""The words and figures of a result: why the thought ended, and the one line that closes it, as pieces that a view
may colour and wrap."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from thinkcap.engine.budget import StopReason
from thinkcap.engine.outcome import Outcome
from thinkcap.text import one_line

SEPARATOR = " · "
ANSWER_LENGTH = 60

CLOSINGS: dict[StopReason, str] = {
    "natural": "the model closed its thought",
    "budget": "cut at the budget",
    "deadline": "cut by the time limit",
    "loop": "cut: the thought went round in a loop",
    "context": "cut: the context is full",
    "sure": "closed: early answers agreed",
    "interrupted": "interrupted",
}


@dataclass(frozen=True, slots=True)
class Figure:
    """One piece of the line, and the style in which a terminal may show it."""

    text: str
    style: str = ""


def figures(outcome: Outcome) -> list[Figure]:
    """Answer and verdict, then tokens, reason, seconds and tokens per second of thought and solution."""
    answer = f"answer {one_line(outcome.answer, ANSWER_LENGTH)}" if outcome.answer else "no answer"
    if outcome.correct:
        pieces = [Figure(f"{answer}, correct", "bold green")]
    elif outcome.correct is False:
        pieces = [Figure(f"{answer}, wrong: expected {one_line(outcome.expected or '', ANSWER_LENGTH)}", "bold red")]
    else:
        pieces = [Figure(answer, "bold")]
    limit = "" if outcome.budget.thinking is None else f"/{outcome.budget.thinking}"
    pieces.append(
        Figure(
            f"thinking {outcome.thinking_tokens}{limit}, {outcome.stop_reason}"
            + _pace(outcome.thinking_tokens, outcome.seconds.thinking)
        )
    )
    pieces.append(Figure(f"injected {outcome.injected_tokens}"))
    if outcome.probe_tokens:
        pieces.append(Figure(f"early answers {outcome.probe_tokens}"))
    pieces.append(
        Figure(
            f"solution {outcome.solution_tokens}, {outcome.finish_reason}"
            + _pace(outcome.solution_tokens, outcome.seconds.solution)
        )
    )
    return pieces


def figure_line(outcome: Outcome) -> str:
    """The figures as plain text."""
    return SEPARATOR.join(piece.text for piece in figures(outcome))


def tally(outcomes: Sequence[Outcome]) -> str:
    """What several samples of one problem came to: how many are right, or which answers were given how often."""
    if any(outcome.correct is not None for outcome in outcomes):
        return f"{sum(bool(outcome.correct) for outcome in outcomes)} of {len(outcomes)} samples correct"
    votes = Counter(one_line(outcome.answer, ANSWER_LENGTH) if outcome.answer else "none" for outcome in outcomes)
    return f"answers of {len(outcomes)} samples: " + ", ".join(
        f"{text} ×{count}" for text, count in votes.most_common()
    )


def significant(value: float) -> str:
    """A positive figure in about three significant digits: 0.08, 3.41, 17.2, 812."""
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:.0f}"


def _pace(tokens: int, seconds: float) -> str:
    rate = f", {significant(tokens / seconds)} tok/s" if tokens and seconds > 0 else ""
    return f", {significant(seconds)} s{rate}"
