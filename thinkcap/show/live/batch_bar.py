"""A batch's bar on a terminal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Self, TextIO

from rich.console import RenderableType
from rich.control import Control
from rich.progress import BarColumn, MofNCompleteColumn, Progress
from rich.segment import ControlType
from rich.text import Text

from thinkcap.show.console import SafeConsole
from thinkcap.show.live.batch_progress import BatchProgress
from thinkcap.show.live.batch_view import BatchView
from thinkcap.show.live.keyboard import Keyboard
from thinkcap.show.live.pacer import Pacer

FRAME = 0.1
"""Seconds between two frames, at least."""


class BatchBar(BatchView):
    """A bar over the width of the terminal and its figures below, redrawn as the batch goes; the bar stays behind."""

    def __init__(self, progress: BatchProgress, file: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(progress)
        self._pacer = Pacer(clock, FRAME)
        self._keyboard = Keyboard()
        self._bar = _Rows(progress, file)

    def __enter__(self) -> Self:
        self._keyboard.mute()
        self._bar.console.control(Control(ControlType.CARRIAGE_RETURN, (ControlType.ERASE_IN_LINE, 2)))
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.finish()
        self._keyboard.restore()

    def _show(self) -> None:
        if self._pacer.is_due():
            self._bar.show()


class _Rows(Progress):
    """The rows of the bar."""

    def __init__(self, progress: BatchProgress, file: TextIO) -> None:
        self._batch = progress
        self._figures: str | None = "reading the first prompts"
        super().__init__(
            BarColumn(None, complete_style="cyan", finished_style="cyan"),
            MofNCompleteColumn(),
            console=SafeConsole(file),
            auto_refresh=False,  # drawn after steps of the engine: no thread, no frame without news
            expand=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._task = self.add_task("", total=progress.total, completed=progress.done)

    def get_renderables(self) -> Iterable[RenderableType]:
        yield self.make_tasks_table(self.tasks)
        if self._figures is not None:
            yield Text(self._figures, "dim", no_wrap=True, overflow="ellipsis")

    def show(self) -> None:
        self._figures = self._batch.figures() or self._figures
        self.update(self._task, completed=self._batch.done, refresh=True)

    def finish(self) -> None:
        self._figures = None
        self.update(self._task, completed=self._batch.done)
        self.stop()
