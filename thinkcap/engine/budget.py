"""How much thinking a model may do: the budget, and the ways users spell it."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal, get_args

from thinkcap.errors import UsageError

CutStyle = Literal["bare", "message", "soft"]
PromptMode = Literal["none", "max", "exact"]
StopReason = Literal["natural", "budget", "deadline", "loop", "context", "sure", "interrupted"]
FinishReason = Literal["stop", "length", "deadline", "context", "interrupted"]

CUT_STYLES: tuple[str, ...] = get_args(CutStyle)
PROMPT_MODES: tuple[str, ...] = get_args(PromptMode)

_TOKENS = re.compile(r"(\d+(?:\.\d+)?)\s*([km]?)", re.IGNORECASE)
_SECONDS = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|sec|m|min|h)?", re.IGNORECASE)
_UNITS = {"ms": 0.001, "s": 1.0, "sec": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}


@dataclass(frozen=True, slots=True)
class Budget:
    """What one problem may cost.

    thinking      thinking tokens at most; 0 is solution only, None as many as the context holds
    solution      solution tokens at most; thinking never eats into them
    min_thinking  thinking tokens at least: before them, a close is replaced by `Wait` (s1, arXiv 2501.19393)
    time_limit    seconds for the whole generation, prompt to last solution token; None is no limit

    Raises UsageError for values that make no sense.
    """

    thinking: int | None = None
    solution: int = 1024
    min_thinking: int = 0
    time_limit: float | None = None

    def __post_init__(self) -> None:
        for name in ("thinking", "solution", "min_thinking"):
            value = getattr(self, name)
            if value is None and name == "thinking":
                continue
            if not isinstance(value, int) or isinstance(value, bool):
                raise UsageError(f"The {_SPOKEN[name]} must be a whole number of tokens, not {value!r}.")
            if value < 0:
                raise UsageError(f"The {_SPOKEN[name]} must be 0 or more tokens, not {value}.")
        if self.solution == 0:
            raise UsageError("The solution budget must be at least 1 token, or there is no answer to print.")
        if self.thinking is not None and self.min_thinking > self.thinking:
            raise UsageError(
                f"The minimum of {self.min_thinking} thinking tokens is above the budget of {self.thinking}: "
                "lower --min-thinking or raise --budget."
            )
        if self.time_limit is not None and not (0 < self.time_limit < math.inf):
            raise UsageError(f"The time limit must be more than 0 seconds, not {self.time_limit}.")


_SPOKEN = {
    "thinking": "thinking budget",
    "solution": "solution budget",
    "min_thinking": "minimum of thinking",
}


def parse_tokens(text: str) -> int | None:
    """Reads `1024`, `4k` (4096), `1.5k` (1536), `1m` or `none` as a number of tokens; None is no limit.

    Raises UsageError, in words for the user, for anything else.
    """
    cleaned = text.strip().lower().replace(",", "").replace("_", "")
    if cleaned == "none":
        return None
    match = _TOKENS.fullmatch(cleaned)
    if match is None:
        raise UsageError(f"{text!r} is not a number of tokens: write it like 1024, 4k or none.")
    value = float(match[1]) * {"": 1, "k": 1024, "m": 1024 * 1024}[match[2]]
    if value != int(value):
        raise UsageError(f"{text!r} is not a whole number of tokens: write it like 1024, 4k or none.")
    return int(value)


def parse_seconds(text: str) -> float:
    """Reads `20s`, `1.5m`, `500ms` or plain `20` as seconds. Raises UsageError for anything else."""
    match = _SECONDS.fullmatch(text.strip().lower())
    seconds = float(match[1]) * _UNITS[match[2] or "s"] if match else 0.0
    if seconds <= 0:
        raise UsageError(f"{text!r} is not a time limit: write it like 20s, 1.5m or 500ms.")
    return seconds
