"""The keyboard while a view is live."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Any

try:
    import termios
except ImportError:  # Windows echoes only what is being read
    termios = None  # type: ignore[assignment]


class Keyboard:
    """Keeps the terminal from echoing keys into what is being drawn. The keys stay, for whoever reads next."""

    def __init__(self) -> None:
        self._before: list[Any] | None = None

    def mute(self) -> None:
        if termios is not None and self._before is None:
            with suppress(OSError, ValueError, AttributeError, termios.error):
                before = termios.tcgetattr(sys.stdin)
                self._set([*before[:3], before[3] & ~termios.ECHO, *before[4:]])
                self._before = before

    def restore(self) -> None:
        if self._before is not None:
            with suppress(OSError, ValueError, termios.error):
                self._set(self._before)
            self._before = None

    def _set(self, attributes: list[Any]) -> None:
        # A process in the background that changes the terminal is stopped.
        if os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp():
            termios.tcsetattr(sys.stdin, termios.TCSANOW, attributes)
