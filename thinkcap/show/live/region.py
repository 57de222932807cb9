"""The rows at the end of a terminal that are still changing: the only place that moves a cursor."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from typing import TextIO

from rich.text import Text

from thinkcap.show.console import SafeConsole
from thinkcap.show.live.keyboard import Keyboard
from thinkcap.text import spell

MARGIN = 3
"""Columns kept free at the right: for the `^C` that a terminal may write at the cursor, and because one whose last
column was just filled may or may not have moved on."""
BEGIN_FRAME, END_FRAME = "\x1b[?2026h", "\x1b[?2026l"
"""Synchronized output: a terminal that knows it shows the frame whole, others ignore it."""


class Region:
    """A row being written and, below it, one more. What is final is printed above them for good, so that the
    scrollback stays right.

    The cursor rests at the end of the row being written, where a person expects it. Each frame is one write. Keys are
    not echoed while something is drawn.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file
        # It renders only: what reaches the terminal is written below, a frame at a time.
        self._console = SafeConsole(io.StringIO(), force_terminal=True)
        self._keyboard = Keyboard()
        self._drawn: int | None = None  # cells left of the cursor; None while nothing is drawn

    @property
    def columns(self) -> int:
        """What the terminal has now; 80 if it does not say."""
        try:
            return os.get_terminal_size(self._file.fileno()).columns or 80
        except (OSError, ValueError):
            return 80

    @property
    def width(self) -> int:
        """Cells a row may fill now."""
        return max(self.columns - MARGIN, 1)

    def draw(self, final: Sequence[Text], row: Text, below: Text) -> None:
        """Prints the final rows and, below them, the two that change."""
        self._keyboard.mute()
        cells = row.cell_len
        forward = f"\x1b[{cells}C" if cells else ""
        self._write(final, f"{self._render(row)}\n{self._render(below)}\x1b[A\r{forward}")
        self._drawn = cells

    def end(self, final: Sequence[Text] = ()) -> None:
        """Takes the changing rows away and prints the final ones in their place."""
        self._write(final, "")
        self._drawn = None
        self._keyboard.restore()

    def _write(self, final: Sequence[Text], changing: str) -> None:
        back = "\r\x1b[2K" if changing else ""  # keys that were echoed before something was drawn
        if self._drawn is not None:
            # A terminal that became narrower has broken the cursor's row.
            up = self._drawn // self.columns
            # Erased from the second cell on: tmux keeps in its scrollback what is erased from the screen's first.
            back = (f"\x1b[{up}A" if up else "") + "\r \x1b[J\r"
        frame = back + "".join(self._render(text) + "\n" for text in final) + changing
        if frame:
            self._file.write(BEGIN_FRAME + spell(frame, self._file.encoding) + END_FRAME)
            self._file.flush()

    def _render(self, text: Text) -> str:
        with self._console.capture() as capture:
            self._console.print(text, end="", soft_wrap=True)
        return capture.get()
