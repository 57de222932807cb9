"""How a batch goes: a bar with figures on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TextIO

from thinkcap.show.figures import SEPARATOR, significant
from thinkcap.show.text import spell

if TYPE_CHECKING:
    from rich.text import Text

    from thinkcap.engine.core import Step

FRAME = 0.1
"""Seconds between two redraws of the bar, at least."""
EVERY = 30.0
"""Seconds between two lines where there is no terminal."""
WINDOW = 10.0
"""Seconds over which tokens per second are measured."""


@dataclass(slots=True)
class Standing:
    """Where a batch stands, from the engine's steps and the results written.

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
        self.active, self._seconds = step.active, step.seconds
        self._window.append((step.seconds, step.sampled))
        while step.seconds - self._window[0][0] > WINDOW:
            self._window.popleft()

    def result(self, record: Mapping[str, Any]) -> None:
        self.done += 1
        if "error" in record:
            self.failed += 1
            self.error = record["error"]
            return
        self._results += 1
        if record["correct"] is not None:
            self.graded += 1
            self.correct += record["correct"]

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

        What is in flight counts as not begun: short results finish first, and without this they would promise too much.
        """
        return (self.total - self.done) * self._seconds / self._results if self._results else None

    @property
    def accuracy(self) -> float | None:
        """The share of correct answers so far; None where nothing was graded."""
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


def duration(seconds: float) -> str:
    """A time in the two units that matter: `42 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`."""
    whole = round(seconds)
    for size, name, smaller, part in ((86_400, "d", 3_600, "h"), (3_600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            rest = whole % size // smaller
            return f"{whole // size} {name}" + (f" {rest} {part}" if rest else "")
    return f"{whole} s"


class Bar:
    """Two rows at the end of a terminal, redrawn as the batch goes: the bar, and the figures below it."""

    def __init__(self, standing: Standing, file: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        from thinkcap.show.terminal import Region

        self._standing = standing
        self._region = Region(file)
        self._clock = clock
        self._drawn = float("-inf")

    def __enter__(self) -> Self:
        self._draw()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._region.end([self._row()])

    def step(self, step: Step) -> None:
        self._standing.step(step)
        self._draw()

    def result(self, record: Mapping[str, Any]) -> None:
        self._standing.result(record)
        self._draw()

    def _draw(self) -> None:
        from rich.text import Text

        if self._clock() - self._drawn >= FRAME:
            self._drawn = self._clock()
            figures = Text(self._standing.figures() or "reading the first prompts", "dim")
            figures.truncate(self._region.width, overflow="ellipsis")
            self._region.draw([], self._row(), figures)

    def _row(self) -> Text:
        from rich.text import Text

        standing = self._standing
        count = f" {standing.done:>{len(str(standing.total))}}/{standing.total}"
        cells = max(0, self._region.width - len(count))
        full = cells * standing.done // standing.total if standing.total else cells
        return Text.assemble(("━" * full, "cyan"), ("─" * (cells - full), "dim"), count)


class Lines:
    """A line on a stream every half minute, for logs."""

    def __init__(self, standing: Standing, file: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._standing = standing
        self._file = file
        self._clock = clock
        self._said = clock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def step(self, step: Step) -> None:
        self._standing.step(step)
        self._say()

    def result(self, record: Mapping[str, Any]) -> None:
        self._standing.result(record)
        self._say()

    def _say(self) -> None:
        if self._clock() - self._said >= EVERY:
            self._said = self._clock()
            line = f"{self._standing.done} of {self._standing.total} done"
            figures = self._standing.figures()
            text = f"{line}{SEPARATOR}{figures}" if figures else line
            print(spell(text, self._file.encoding), file=self._file, flush=True)
