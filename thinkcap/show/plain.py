"""The views without a cursor: text as it comes, the solution alone, or JSON."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO

from thinkcap.engine.events import Answered, Closed, Event, Finished, Thought
from thinkcap.engine.outcome import Outcome
from thinkcap.show.figures import CLOSINGS, figure_line, tally
from thinkcap.text import printable, write, write_json, write_line

if TYPE_CHECKING:
    from thinkcap.show.live import Meter


class Trimmed:
    """Writes text that comes in pieces to a stream, without the blank lines at its beginning and its end."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._held = ""
        self._begun = False

    def write(self, text: str) -> None:
        text = self._held + printable(text)
        if not self._begun:
            text = text.lstrip()
        body = text.rstrip()
        self._held = text[len(body) :]
        if body:
            self._begun = True
            write(body, self._file)

    def end(self) -> None:
        """Ends the last line, where there is one."""
        if self._begun:
            write("\n", self._file)
        self._held, self._begun = "", False


class PlainView:
    """Thought, solution and figures in one stream: for terminals that cannot move their cursor."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._text = Trimmed(file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._text.end()

    def status(self, words: str) -> None:
        pass

    def begin(self, sample: int, samples: int) -> None:
        if samples > 1:
            self._line(f"── sample {sample + 1} of {samples} ──")

    def show(self, event: Event) -> None:
        match event:
            case Thought() | Answered():
                self._text.write(event.text)
            case Closed():
                self._text.end()
                if event.thinking_tokens:
                    self._line(f"── {CLOSINGS[event.stop_reason]} ──")
            case Finished():
                self._text.end()

    def conclude(self, outcome: Outcome) -> None:
        self._line(figure_line(outcome))

    def total(self, outcomes: Sequence[Outcome]) -> None:
        self._line(tally(outcomes))

    def _line(self, text: str) -> None:
        write_line(text, self._file)


class SolutionView:
    """The solution alone on one stream, a line of figures on another."""

    def __init__(self, out: TextIO, err: TextIO, meter: Meter | None) -> None:
        self._err = err
        self._text = Trimmed(out)
        self._meter = meter
        self._out = out

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._meter:
            self._meter.end()
        self._text.end()

    def status(self, words: str) -> None:
        if self._meter:
            self._meter.status(words)

    def begin(self, sample: int, samples: int) -> None:
        if sample:
            write_line("", self._out)
        if self._meter:
            self._meter.begin()

    def show(self, event: Event) -> None:
        if self._meter:
            self._meter.show(event)
        match event:
            case Answered():
                self._text.write(event.text)
            case Finished():
                self._text.end()

    def conclude(self, outcome: Outcome) -> None:
        if self._meter:
            self._meter.end()
        write_line(figure_line(outcome), self._err)

    def total(self, outcomes: Sequence[Outcome]) -> None:
        write_line(tally(outcomes), self._err)


class JsonView:
    """One JSON object a line and generation."""

    def __init__(self, out: TextIO, meter: Meter | None) -> None:
        self._out = out
        self._meter = meter

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._meter:
            self._meter.end()

    def status(self, words: str) -> None:
        if self._meter:
            self._meter.status(words)

    def begin(self, sample: int, samples: int) -> None:
        if self._meter:
            self._meter.begin()

    def show(self, event: Event) -> None:
        if self._meter:
            self._meter.show(event)

    def conclude(self, outcome: Outcome) -> None:
        if self._meter:
            self._meter.end()
        write_json(outcome.to_dict(), self._out)

    def total(self, outcomes: Sequence[Outcome]) -> None:
        pass
