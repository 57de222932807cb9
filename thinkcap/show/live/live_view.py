"""The live view: a thought as it is thought, a bar below it, then the solution and the figures, on a real terminal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import TextIO

from rich.text import Text

from thinkcap.engine.events import Event, Finished
from thinkcap.engine.outcome import Outcome
from thinkcap.engine.request import Request
from thinkcap.show.live.generation_rows import GenerationRows, answer_row, rule, summary_rows
from thinkcap.show.live.pacer import Pacer
from thinkcap.show.live.region import Region
from thinkcap.show.live.summary import tally
from thinkcap.show.live.view import View
from thinkcap.show.wording import resumed_text


class LiveView(View):
    """Shows generations on a terminal that can move its cursor. `marks` are budgets at which their thoughts fork."""

    def __init__(self, file: TextIO, clock: Callable[[], float] = time.monotonic, *, marks: Iterable[int] = ()) -> None:
        super().__init__()
        self._marks = tuple(marks)
        self._region = Region(file)
        self._clock = clock
        self._pacer = Pacer(clock)
        self._rows = GenerationRows(self._region.width)
        self._final: list[Text] = []  # rows that wait for the next frame

    def status(self, words: str) -> None:
        self._region.draw([], Text(words, "dim"), Text())

    def begin(self, sample: int, samples: int) -> None:
        heading = [rule(f"sample {sample + 1} of {samples}", self._region.width)] if samples > 1 else []
        self._begin([Text(), *heading] if sample else heading)

    def resume(self, request: Request) -> None:
        self._begin([rule(resumed_text(request), self._region.width)])

    def show(self, event: Event) -> None:
        self._final += self._rows.see(event, self._clock())
        if isinstance(event, Finished):
            self._region.end(self._final)
            self._final = []
        elif self._pacer.is_due():
            if (width := self._region.width) != self._rows.width:
                self._final += self._rows.resize(width)
            self._region.draw(self._final, self._rows.row(), self._rows.bar())
            self._final = []

    def fork(self, outcome: Outcome) -> None:
        """Shows the answer of a fork of the open generation."""
        self._final.append(answer_row(outcome, self._region.width))

    def conclude(self, outcome: Outcome) -> None:
        blank = [Text()] if outcome.solution.strip() else []
        self._region.end([*blank, *summary_rows(outcome, self._region.width)])

    def total(self, outcomes: Sequence[Outcome]) -> None:
        self._region.end([Text(), rule(tally(outcomes), self._region.width)])

    def close(self) -> None:
        # A second Ctrl-C or an error in mid-thought: what is on the screen stays there, the bar goes.
        self._region.end([*self._final, *self._rows.finish()])
        self._final = []

    def _begin(self, heading: list[Text]) -> None:
        self._region.end(heading)
        self._rows = GenerationRows(self._region.width, self._marks)
        self._pacer = Pacer(self._clock)
