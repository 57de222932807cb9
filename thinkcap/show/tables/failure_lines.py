"""Results that went wrong, as text."""

from __future__ import annotations

from collections.abc import Iterator

from thinkcap.runs.report import reason
from thinkcap.runs.result import Result
from thinkcap.show.wording import end_text, verdict
from thinkcap.text import one_line

MOST_SHOWN = 2_000
"""Characters of a problem that are shown: one that was too long to be run fills screens."""


def failure_lines(result: Result, width: int) -> Iterator[str]:
    """One result that went wrong: the problem, the whole thought, the solution, and what was expected."""
    title = f"── {one_line(result.id)}, sample {result.sample}: {reason(result)} "
    yield title + "─" * max(2, width - len(title))
    problem = result.problem
    yield problem if len(problem) <= MOST_SHOWN else f"{problem[:MOST_SHOWN]} … ({len(problem):,} characters)"
    yield ""
    if result.error is not None:
        yield result.error
    else:
        of = "" if result.budget.thinking is None else f" of {result.budget.thinking}"
        yield f"thinking, {result.thinking_tokens}{of} tokens, {end_text(result.stop_reason)}:"
        yield f"{result.thinking.strip()}\n"
        yield f"solution, {result.solution_tokens} tokens, {end_text(result.finish_reason)}:"
        yield f"{result.solution.strip()}\n"
        yield verdict(result.answer, result.expected, result.correct)
    yield ""
