"""How a batch's progress is shown: a bar with figures on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Self, TextIO

from thinkcap.show.live.pacer import Pacer
from thinkcap.show.live.view import is_steerable
from thinkcap.show.wording import SEPARATOR
from thinkcap.text import write_line

if TYPE_CHECKING:
    from thinkcap.engine.core import Step
    from thinkcap.engine.outcome import Outcome
    from thinkcap.show.live.batch_progress import BatchProgress


class BatchView:
    """Follows a batch; this one shows nothing. A context manager."""

    def __init__(self, progress: BatchProgress) -> None:
        self.progress = progress

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def step(self, step: Step) -> None:
        self.progress.step(step)
        self._show()

    def result(self, result: Outcome) -> None:
        self.progress.result(result)
        self._show()

    def _show(self) -> None:
        pass


class BatchLog(BatchView):
    """A line on a stream every half minute."""

    def __init__(
        self,
        progress: BatchProgress,
        file: TextIO,
        clock: Callable[[], float] = time.monotonic,
        every: float = 30.0,
    ) -> None:
        super().__init__(progress)
        self._file = file
        self._pacer = Pacer(clock, every)
        self._pacer.is_due()  # nothing has happened yet that a line could tell

    def _show(self) -> None:
        if self._pacer.is_due():
            line = f"{self.progress.done} of {self.progress.total} done"
            write_line(SEPARATOR.join(filter(None, (line, self.progress.figures()))), self._file)


def choose_batch_view(progress: BatchProgress, err: TextIO, *, log: bool = False, lines: bool = True) -> BatchView:
    """The view for this stream.

    log    whether llama.cpp's log is being written too, which no bar survives
    lines  whether a stream that is no terminal gets lines
    """
    if is_steerable(err) and not log:
        from thinkcap.show.live.batch_bar import BatchBar

        return BatchBar(progress, err)
    return BatchLog(progress, err) if lines else BatchView(progress)
