"""The views without a cursor: text as it comes, the solution alone, or JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

from thinkcap.engine.events import Answered, Closed, Event, Finished, Thought
from thinkcap.engine.outcome import Outcome
from thinkcap.engine.request import Request
from thinkcap.show.live.summary import summary_line, tally
from thinkcap.show.live.view import View
from thinkcap.show.wording import end_text, resumed_text
from thinkcap.text import printable, write, write_json, write_line


class TrimmedText:
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
        """Ends the last line, if there is one."""
        if self._begun:
            write("\n", self._file)
        self._held, self._begun = "", False


class PlainView(View):
    """Thought, solution and figures in one stream: for terminals that cannot move their cursor."""

    def __init__(self, file: TextIO) -> None:
        super().__init__()
        self._file = file
        self._text = TrimmedText(file)

    def begin(self, sample: int, samples: int) -> None:
        if samples > 1:
            write_line(f"── sample {sample + 1} of {samples} ──", self._file)

    def resume(self, request: Request) -> None:
        write_line(f"── {resumed_text(request)} ──", self._file)

    def show(self, event: Event) -> None:
        match event:
            case Thought() | Answered():
                self._text.write(event.text)
            case Closed():
                self._text.end()
                if event.thinking_tokens:
                    write_line(f"── {end_text(event.stop_reason)} ──", self._file)
            case Finished():
                self._text.end()

    def conclude(self, outcome: Outcome) -> None:
        write_line(summary_line(outcome), self._file)

    def total(self, outcomes: Sequence[Outcome]) -> None:
        write_line(tally(outcomes), self._file)

    def close(self) -> None:
        self._text.end()


class JsonView(View):
    """One JSON object a line and generation."""

    def __init__(self, out: TextIO, meter: View | None = None) -> None:
        super().__init__(meter)
        self._out = out

    def conclude(self, outcome: Outcome) -> None:
        self.close()
        write_json(outcome.to_dict(), self._out)


class SolutionView(View):
    """The solution alone on one stream, a line of figures on another."""

    def __init__(self, out: TextIO, err: TextIO, meter: View | None = None) -> None:
        super().__init__(meter)
        self._out, self._err = out, err
        self._text = TrimmedText(out)

    def begin(self, sample: int, samples: int) -> None:
        if sample:
            write_line("", self._out)
        super().begin(sample, samples)

    def show(self, event: Event) -> None:
        super().show(event)
        self._write(event)

    def conclude(self, outcome: Outcome) -> None:
        super().close()
        write_line(summary_line(outcome), self._err)

    def total(self, outcomes: Sequence[Outcome]) -> None:
        write_line(tally(outcomes), self._err)

    def close(self) -> None:
        super().close()
        self._text.end()

    def _write(self, event: Event) -> None:
        match event:
            case Answered():
                self._text.write(event.text)
            case Finished():
                self._text.end()


class LastSolutionView(SolutionView):
    """The same for a thought that may go on: of its solutions the last alone, once it is known to be the last."""

    def __init__(self, out: TextIO, err: TextIO, meter: View | None = None) -> None:
        super().__init__(out, err, meter)
        self._held: list[Event] = []

    def begin(self, sample: int, samples: int) -> None:
        self._release()
        super().begin(sample, samples)

    def resume(self, request: Request) -> None:
        self._held.clear()
        super().resume(request)

    def total(self, outcomes: Sequence[Outcome]) -> None:
        self._release()
        super().total(outcomes)

    def close(self) -> None:
        self._release()
        super().close()

    def _write(self, event: Event) -> None:
        self._held.append(event)

    def _release(self) -> None:
        for event in self._held:
            super()._write(event)
        self._held.clear()
