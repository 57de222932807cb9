"""How far a batch is, in figures."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from thinkcap.show.wording import SEPARATOR, duration, significant

if TYPE_CHECKING:
    from thinkcap.engine.core import Step
    from thinkcap.engine.outcome import Outcome

WINDOW = 10.0
"""Seconds over which tokens per second are measured."""


@dataclass(slots=True)
class BatchProgress:
    """How far a batch is, from the engine's steps and the results written.

    total   results the finished file will hold, those of earlier runs included
    done    results written, those of earlier runs included
    graded, correct  of these, with a verdict, and with a good one
    failed  problems that could not be run, in this run
    error   why the last of them could not
    """

    total: int
    done: int = 0
    graded: int = 0
    correct: int = 0
    failed: int = 0
    error: str = ""
    active: int = 0
    _results: int = 0
    _seconds: float = 0.0
    _window: deque[tuple[float, int]] = field(default_factory=deque)

    def step(self, step: Step) -> None:
        """Takes a step of the engine."""
        self.active, self._seconds = step.active, step.seconds
        self._window.append((step.seconds, step.sampled))
        while step.seconds - self._window[0][0] > WINDOW:
            self._window.popleft()

    def result(self, result: Outcome) -> None:
        """Takes a result that is written."""
        self.done += 1
        error = getattr(result, "error", None)
        if error is not None:
            self.failed += 1
            self.error = error
            return
        self._results += 1
        if result.correct is not None:
            self.graded += 1
            self.correct += result.correct

    @property
    def rate(self) -> float | None:
        """Tokens a second over all sequences, in the last seconds; None before there is a measure."""
        if not self._window:
            return None
        (first, before), (last, now) = self._window[0], self._window[-1]
        return (now - before) / (last - first) if last > first else None

    @property
    def seconds_left(self) -> float | None:
        """Seconds until all is done, at the results a second so far; None before there is a result.

        What is in flight counts as not begun: short results finish first, and would promise too much.
        """
        return (self.total - self.done) * self._seconds / self._results if self._results else None

    @property
    def accuracy(self) -> float | None:
        """The share of correct answers so far; None if nothing was graded."""
        return self.correct / self.graded if self.graded else None

    def figures(self) -> str:
        """The figures in words, for one row."""
        pieces = []
        if (rate := self.rate) is not None:
            pieces.append(f"{significant(rate)} tok/s")
        if self.active > 1:
            pieces.append(f"{self.active} at once")
        if (left := self.seconds_left) is not None:
            pieces.append(f"{duration(left)} left")
        if (accuracy := self.accuracy) is not None:
            pieces.append(f"{100 * accuracy:.1f} % correct")
        if self.failed:
            pieces.append(f"{self.failed} failed")
        return SEPARATOR.join(pieces)
