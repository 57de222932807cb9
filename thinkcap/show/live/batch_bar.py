"""A batch's bar on a terminal."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Self, TextIO

from rich.console import Group
from rich.control import Control
from rich.live import Live
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
        self._bar = Progress(
            BarColumn(None, complete_style="cyan", finished_style="cyan"), MofNCompleteColumn(), expand=True
        )
        self._task = self._bar.add_task("", total=progress.total, completed=progress.done)
        self._figures = Text("reading the first prompts", "dim", no_wrap=True, overflow="ellipsis")
        # Drawn after steps of the engine: no thread, and no frame without news.
        self._live = Live(
            Group(self._bar, self._figures),
            console=SafeConsole(file),
            auto_refresh=False,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def __enter__(self) -> Self:
        self._keyboard.mute()
        self._live.console.control(Control(ControlType.CARRIAGE_RETURN, (ControlType.ERASE_IN_LINE, 2)))
        self._live.start(refresh=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.update(self._task, completed=self.progress.done)
        self._live.update(self._bar)
        self._live.stop()
        self._keyboard.restore()

    def _show(self) -> None:
        if self._pacer.is_due():
            self._bar.update(self._task, completed=self.progress.done)
            self._figures.plain = self.progress.figures() or self._figures.plain
            self._live.refresh()
