"""Which of the requests that wait runs next, if that depends on what the others came to."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Generic, Literal, TypeVar

T = TypeVar("T")

Turn = Literal["now", "later", "never"]
"""Whether a request may start, waits for the outcomes of others, or is not needed."""


class WaitingLine(Generic[T]):
    """What waits for its turn, in order.

    turn  asked again each time, as outcomes may have changed it
    """

    def __init__(self, waiting: Iterable[T], turn: Callable[[T], Turn]) -> None:
        self._waiting = deque(waiting)
        self._dropped: list[T] = []
        self._turn = turn

    def __len__(self) -> int:
        return len(self._waiting)

    def next(self) -> T | None:
        """Takes the first whose turn is now, None if there is none. Those before it that are not needed leave too."""
        place = 0
        while place < len(self._waiting):
            first = self._waiting[place]
            turn = self._turn(first)
            if turn == "later":
                place += 1
                continue
            del self._waiting[place]
            if turn == "now":
                return first
            self._dropped.append(first)
        return None

    def take_dropped(self) -> list[T]:
        """Those that have left because they are not needed, since this was last asked."""
        dropped, self._dropped = self._dropped, []
        return dropped

    def extend(self, more: Iterable[T], *, first: bool = False) -> None:
        """Lets more in, behind all others or before them."""
        if first:
            self._waiting.extendleft(more)
        else:
            self._waiting.extend(more)

    def clear(self) -> None:
        """Sends everyone away."""
        self._waiting.clear()
