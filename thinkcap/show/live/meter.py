"""The bar alone, on a terminal beside the output: for results that go to a file or a pipe."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TextIO

from rich.text import Text

from thinkcap.engine.events import Event
from thinkcap.show.live.pacer import Pacer
from thinkcap.show.live.region import Region
from thinkcap.show.live.token_bar import GenerationProgress, token_bar
from thinkcap.show.live.view import View


class Meter(View):
    """Shows how far a generation is, and leaves nothing behind."""

    def __init__(self, file: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._region = Region(file)
        self._clock = clock
        self._pacer = Pacer(clock)
        self._progress = GenerationProgress()

    def status(self, words: str) -> None:
        self._region.draw([], Text(words, "dim"), Text())

    def begin(self, sample: int, samples: int) -> None:
        self._progress = GenerationProgress()

    def show(self, event: Event) -> None:
        self._progress.see(event, self._clock())
        if self._pacer.is_due():
            self._region.draw([], token_bar(self._progress, self._region.width), Text())

    def close(self) -> None:
        self._region.end()
