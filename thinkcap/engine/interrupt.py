"""Ctrl-C as a question the step loop asks, instead of an exception in the middle of a step."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType


class Interrupt:
    """While it is entered, the first Ctrl-C calls `first`, the next sets `asked`, and the third is Python's own
    KeyboardInterrupt again. Does nothing off the main thread, or if the program has its own handler.

    first  called in the signal handler, so it must be safe at any point; None goes straight on to `asked`
    """

    def __init__(self, first: Callable[[], object] | None = None) -> None:
        self.first = first
        self.asked = False
        self._installed = False

    def __enter__(self) -> Interrupt:
        if (
            threading.current_thread() is threading.main_thread()
            and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        ):
            signal.signal(signal.SIGINT, self._ask)
            self._installed = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._restore()

    def _ask(self, _signal: int, _frame: FrameType | None) -> None:
        first, self.first = self.first, None
        if first is not None:
            first()
            return
        self.asked = True
        self._restore()

    def _restore(self) -> None:
        if self._installed:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            self._installed = False
