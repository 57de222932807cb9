"""What every view of running generations can do, and which one suits the streams at hand."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Sequence
from typing import Self, TextIO

from thinkcap.engine.events import Event
from thinkcap.engine.outcome import Outcome
from thinkcap.engine.request import Request


class View:
    """Shows generations one after the other. This one shows nothing itself, and passes on to a `meter` beside it what
    happens until a generation is concluded.

    A context manager: leaving it leaves the terminal clean, always.
    """

    def __init__(self, meter: View | None = None) -> None:
        self._meter = meter

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def status(self, words: str) -> None:
        """Says what takes time before the first generation."""
        if self._meter:
            self._meter.status(words)

    def begin(self, sample: int, samples: int) -> None:
        """Opens generation `sample` (from 0) of `samples`."""
        if self._meter:
            self._meter.begin(sample, samples)

    def resume(self, request: Request) -> None:
        """Opens a generation that goes on with the last one's thought."""
        if self._meter:
            self._meter.begin(0, 1)

    def show(self, event: Event) -> None:
        """Takes the next event of the open generation."""
        if self._meter:
            self._meter.show(event)

    def conclude(self, outcome: Outcome) -> None:
        """Closes it with its figures; the outcome may have been graded since its last event."""

    def total(self, outcomes: Sequence[Outcome]) -> None:
        """Closes several samples of one problem."""

    def close(self) -> None:
        """Ends what is unfinished. The view can be used again."""
        if self._meter:
            self._meter.close()


def choose_view(out: TextIO, err: TextIO, *, json: bool = False, log: bool = False, goes_on: bool = False) -> View:
    """The view for these streams: live on a terminal; the solution or JSON alone on anything else.

    log      whether llama.cpp's log is being written too, which no live view survives
    goes_on  whether thoughts may go on after a solution, so that only the last is the solution
    """
    # rich is imported by the live views only: it takes longer to import than all the rest.
    from thinkcap.show.live.plain_views import JsonView, LastSolutionView, PlainView, SolutionView

    if out.isatty() and not json:
        if log or not is_steerable(out):
            return PlainView(out)
        from thinkcap.show.live.live_view import LiveView

        return LiveView(out)
    meter = None if log else _meter(out, err)
    if json:
        return JsonView(out, meter)
    return LastSolutionView(out, err, meter) if goes_on else SolutionView(out, err, meter)


def is_steerable(file: TextIO) -> bool:
    """Whether the stream is a terminal whose cursor can be moved."""
    if not file.isatty():
        return False
    if sys.platform == "win32":
        from thinkcap.show.console import SafeConsole

        return not SafeConsole(file).legacy_windows
    return os.environ.get("TERM", "") not in ("", "dumb", "unknown")


def _meter(out: TextIO, err: TextIO) -> View | None:
    """A bar on standard error, unless what reads our output through a pipe may be writing to the same terminal."""
    try:
        piped = stat.S_ISFIFO(os.fstat(out.fileno()).st_mode)
    except (OSError, ValueError):
        piped = True
    if piped or not is_steerable(err):
        return None
    from thinkcap.show.live.meter import Meter

    return Meter(err)
