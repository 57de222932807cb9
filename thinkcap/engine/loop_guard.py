"""The loop guard: sees that a thought repeats itself token for token."""

from __future__ import annotations

import numpy as np

LONGEST_CYCLE = 200
LEAST_REPEATS = 4
LEAST_TOKENS = 120

_PERIODS = np.arange(1, LONGEST_CYCLE + 1)
# A run of r equal pairs at distance p spans r + p tokens, of which a cycle of p fills (r + p) / p rounds.
_NEEDED = np.maximum((LEAST_REPEATS - 1) * _PERIODS, LEAST_TOKENS - _PERIODS)


class LoopGuard:
    """Watches tokens for a cycle of up to 200 tokens, gone round at least 4 times and for at least 120 tokens."""

    def __init__(self) -> None:
        self._last = np.full(2 * LONGEST_CYCLE, -1, dtype=np.int64)
        self._end = 0
        self._runs = np.zeros(LONGEST_CYCLE, dtype=np.int64)

    def repeats(self, token: int) -> bool:
        """Takes the next token. True from the token on that completes a loop, as long as it goes on."""
        if self._end == len(self._last):
            self._last[:LONGEST_CYCLE] = self._last[LONGEST_CYCLE:]
            self._end = LONGEST_CYCLE
        start = max(0, self._end - LONGEST_CYCLE)
        window = self._last[start : self._end][::-1]
        runs = self._runs[: len(window)]
        runs += 1
        runs *= window == token
        self._last[self._end] = token
        self._end += 1
        return bool((runs >= _NEEDED[: len(window)]).any())
