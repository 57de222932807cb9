"""A time limit: when a thought has to close so that its solution still fits."""

from __future__ import annotations

PACE_TOKENS = 16
"""Tokens over which the recent pace is averaged."""

SAFETY = 0.25
"""Share of the expected solution time that is kept free in addition."""

SOLUTION_SHARE = 0.5
"""The solution gets at most this share of the time limit."""


class Deadline:
    """Watches one generation's clock; all times are seconds of `time.perf_counter`.

    limit           seconds from admission to the last solution token
    usual_solution  tokens to keep time for
    """

    def __init__(self, limit: float, usual_solution: int) -> None:
        self._limit = limit
        self._usual_solution = usual_solution
        self._began = self._thought_from = self._last = self._pace = 0.0

    def admit(self, now: float) -> None:
        """Starts the clock."""
        self._began = now

    def start_thought(self, now: float) -> None:
        """The prompt is read, thinking begins."""
        self._thought_from = self._last = now

    def expired(self, now: float) -> bool:
        """Whether the whole time is used up."""
        return now - self._began >= self._limit

    def closes(self, now: float, thinking_tokens: int) -> bool:
        """Whether the thought has to end with this token: the solution would not fit later, at the slower of the
        average pace and the recent one, since a long context slows a model down. Call it once a thinking token."""
        average = (now - self._thought_from) / max(1, thinking_tokens)
        self._pace += (now - self._last - self._pace) / PACE_TOKENS
        self._last = now
        needed = max(average, self._pace) * self._usual_solution * (1 + SAFETY)
        return now - self._began + min(needed, SOLUTION_SHARE * self._limit) >= self._limit
