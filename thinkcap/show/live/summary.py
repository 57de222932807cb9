"""The line of figures that closes a generation, in pieces that a view may colour and wrap."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from thinkcap.engine.outcome import Outcome
from thinkcap.show.wording import ANSWER_LENGTH, SEPARATOR, end_text, significant, verdict
from thinkcap.text import one_line

Piece = tuple[str, str]
"""A part of the line, and the style in which a terminal may show it."""


def summary(outcome: Outcome) -> list[Piece]:
    """Answer and verdict, then tokens, reason, seconds and tokens per second of thought and solution."""
    style = {True: "bold green", False: "bold red", None: "bold"}[outcome.correct]
    limit = "" if outcome.budget.thinking is None else f"/{outcome.budget.thinking}"
    thinking, solution = outcome.thinking_tokens, outcome.solution_tokens
    fresh = thinking - outcome.resumed_tokens
    kept = f", {outcome.resumed_tokens} of them kept" if outcome.resumed_tokens else ""
    begun = [f"answer begun by thinkcap {outcome.probe_tokens}"] if outcome.answer_forced else []
    figures = [
        f"thinking {thinking}{limit}{kept}, {end_text(outcome.stop_reason)}{_pace(fresh, outcome.seconds.thinking)}",
        f"injected {outcome.injected_tokens}",
        f"solution {solution}, {end_text(outcome.finish_reason)}{_pace(solution, outcome.seconds.solution)}",
        *begun,
    ]
    said = verdict(outcome.answer, outcome.expected, outcome.correct)
    return [(said, style), *((text, "dim") for text in figures)]


def summary_line(outcome: Outcome) -> str:
    """The same as plain text."""
    return SEPARATOR.join(text for text, _ in summary(outcome))


def tally(outcomes: Sequence[Outcome]) -> str:
    """What several samples of one problem came to: how many are right, or how often each answer was given."""
    if any(outcome.correct is not None for outcome in outcomes):
        return f"{sum(bool(outcome.correct) for outcome in outcomes)} of {len(outcomes)} samples correct"
    votes = Counter(one_line(outcome.answer or "none", ANSWER_LENGTH) for outcome in outcomes)
    return f"answers of {len(outcomes)} samples: " + ", ".join(f"{text} ×{n}" for text, n in votes.most_common())


def _pace(tokens: int, seconds: float) -> str:
    rate = f", {significant(tokens / seconds)} tok/s" if tokens and seconds > 0 else ""
    return f", {significant(seconds)} s{rate}"
