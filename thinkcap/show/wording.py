"""The words for what results hold: why a thought ended, budgets, durations, settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from thinkcap.engine.more import resumed_tokens
from thinkcap.engine.request import Request
from thinkcap.engine.settings import Option
from thinkcap.text import one_line

SEPARATOR = " · "
ANSWER_LENGTH = 60
"""Characters of an answer that a line shows."""

ENDS: Mapping[str, str] = {
    "natural": "stopped by itself",
    "stop": "complete",
    "budget": "cut at the budget",
    "length": "cut at the solution budget",
    "deadline": "cut at the time limit",
    "loop": "cut in a loop",
    "context": "cut at the end of the context",
    "interrupted": "interrupted",
}
"""Why a thought or a solution ended, by its stop or finish reason."""

SETTINGS = {
    "thinking": "budget",
    "solution": "solution budget",
    "min_thinking": "min thinking",
    "time_limit": "seconds",
    "style": "cut",
    "prompt_mode": "prompt",
    "think_start": "opens",
    "think_end": "closes",
    "loop_guard": "loop guard",
    "model_sha256": "file",
    "depths_of": "depths of",
    "vote_by": "votes by",
    "vote_until": "vote until",
    "vote_first": "first to vote",
}
"""Settings whose heading in a table is not their own name."""


def end_text(reason: str) -> str:
    """Why a thought or a solution ended. A reason that a file made up is shown as it is."""
    return one_line(ENDS.get(reason, reason), ANSWER_LENGTH)


def budget_text(tokens: int | None) -> str:
    """A budget as the command line takes it: 512, 4k, unlimited."""
    if tokens is None:
        return "unlimited"
    return f"{tokens // 1024}k" if tokens and tokens % 1024 == 0 else str(tokens)


def resumed_text(request: Request) -> str:
    """How a thought goes on: from where, and to what budget; or that it starts anew."""
    tokens, budget = resumed_tokens(request), request.budget.thinking
    start = f"thinking on from {tokens}" if tokens else "thinking anew"
    limit = "" if budget is None else f" to {budget}"
    return f"{start}{limit} tokens" if tokens or limit else start


def setting_text(name: str, value: Any) -> str:
    """A setting's value in a table."""
    if value is None:
        return budget_text(None) if name == "thinking" else "none"
    return one_line(str(value), 24)


def option_text(option: Option, value: Any) -> str:
    """A generation option's value as it is typed."""
    match option.kind:
        case _ if value is None:
            return budget_text(None)
        case "tokens":
            return budget_text(value)
        case "seconds":
            return f"{value:g}s"
        case "switch":
            return "on" if value else "off"
    return str(value)


def plural(count: int, noun: str) -> str:
    """`1 problem`, `2,000 problems`."""
    return f"{count:,} {noun}{'s' * (count != 1)}"


def percent(share: float | None, digits: int = 1) -> str:
    """A share in per cent, without the sign."""
    return "" if share is None else f"{100 * share:.{digits}f}"


def significant(value: float) -> str:
    """A positive figure in about three significant digits: 0.08, 3.41, 17.2, 812."""
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:.0f}"


def duration(seconds: float) -> str:
    """A time in the two units that matter: `42 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`."""
    whole = round(seconds)
    for size, name, smaller, part in ((86_400, "d", 3_600, "h"), (3_600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            rest = whole % size // smaller
            return f"{whole // size} {name}" + (f" {rest} {part}" if rest else "")
    return f"{whole} s"


def verdict(answer: str | None, expected: str | None, correct: bool | None) -> str:
    """An answer, and whether it is right if that is known."""
    said = f"answer {one_line(answer, ANSWER_LENGTH)}" if answer else "no answer"
    if correct is None:
        return said
    return f"{said}, correct" if correct else f"{said}, wrong: expected {one_line(expected or '', ANSWER_LENGTH)}"
