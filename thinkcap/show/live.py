"""The live view: a thought as it is thought, a bar below it, then the solution and the figures, on a real terminal."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self, TextIO

from rich.text import Text

from thinkcap.engine.events import Event, Finished
from thinkcap.engine.outcome import Outcome
from thinkcap.show.bar import Progress, bar
from thinkcap.show.figures import tally
from thinkcap.show.page import Page, figure_rows, rule
from thinkcap.show.terminal import Region

FRAME = 0.05  # seconds between two redraws, at least


class Pacer:
    """Says when the next frame may be drawn. The first one may at once."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._last = float("-inf")

    def due(self) -> bool:
        now = self._clock()
        if now - self._last < FRAME:
            return False
        self._last = now
        return True


class LiveView:
    """Shows generations on a terminal that can move its cursor."""

    def __init__(self, file: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._region = Region(file)
        self._clock = clock
        self._pacer = Pacer(clock)
        self._page = Page(self._region.width)
        self._final: list[Text] = []  # rows that wait for the next frame

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # A second Ctrl-C or an error in mid-thought: what is on the screen stays there, the bar goes.
        self._region.end([*self._final, *self._page.finish()])

    def status(self, words: str) -> None:
        self._region.draw([], Text(words, "dim"), Text())

    def begin(self, sample: int, samples: int) -> None:
        heading = [rule(f"sample {sample + 1} of {samples}", self._region.width)] if samples > 1 else []
        self._region.end([Text(), *heading] if sample else heading)
        self._page = Page(self._region.width)
        self._pacer = Pacer(self._clock)

    def show(self, event: Event) -> None:
        self._final += self._page.see(event, self._clock())
        if isinstance(event, Finished):
            self._region.end(self._final)
            self._final = []
        elif self._pacer.due():
            if (width := self._region.width) != self._page.width:
                self._final += self._page.resize(width)
            self._region.draw(self._final, self._page.row(), self._page.bar())
            self._final = []

    def conclude(self, outcome: Outcome) -> None:
        blank = [Text()] if outcome.solution.strip() else []
        self._region.end([*blank, *figure_rows(outcome, self._region.width)])

    def total(self, outcomes: Sequence[Outcome]) -> None:
        self._region.end([Text(), rule(tally(outcomes), self._region.width)])


class Meter:
    """The bar alone, on a terminal beside the output: for results that go to a file or a pipe."""

    def __init__(self, file: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._region = Region(file)
        self._clock = clock
        self._pacer = Pacer(clock)
        self._progress = Progress()

    def status(self, words: str) -> None:
        self._region.draw([], Text(words, "dim"), Text())

    def begin(self) -> None:
        self._progress = Progress()

    def show(self, event: Event) -> None:
        self._progress.see(event, self._clock())
        if self._pacer.due():
            self._region.draw([], bar(self._progress, self._region.width), Text())

    def end(self) -> None:
        self._region.end()
