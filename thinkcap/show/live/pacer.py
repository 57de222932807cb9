"""When the next frame may be drawn."""

from __future__ import annotations

from collections.abc import Callable

FRAME = 0.05
"""Seconds between two frames, at least."""


class Pacer:
    """Says when a frame may be drawn. The first one may at once."""

    def __init__(self, clock: Callable[[], float], seconds: float = FRAME) -> None:
        self._clock = clock
        self._seconds = seconds
        self._last = float("-inf")

    def is_due(self) -> bool:
        now = self._clock()
        if now - self._last < self._seconds:
            return False
        self._last = now
        return True
