"""A terminal small enough to read: what is on the screen after everything the program wrote."""

from __future__ import annotations

import io
import re
from itertools import groupby

from rich.cells import cell_len

_PIECES = re.compile(r"\x1b\[([?\d;]*)([A-Za-z])|([\r\n])|([^\x1b\r\n])", re.DOTALL)


class Cell(str):
    """A character on the screen, with the parameters of the sequence that styles it."""

    style: str = ""


class Screen:
    """Rows of text and a cursor, as a terminal that breaks and joins rows again when it is resized.

    There is no bottom: rows never leave the screen, so the scrollback is part of it. Unknown sequences are an error.
    """

    def __init__(self, columns: int) -> None:
        self.columns = columns
        self._rows: list[list[str]] = [[]]
        self._style = ""
        self._joined = [False]  # whether a row goes on in the next one
        self._y = self._x = 0
        self.styles: set[str] = set()

    @property
    def rows(self) -> list[str]:
        return ["".join(row).rstrip() for row in self._rows]

    @property
    def runs(self) -> list[list[tuple[str, str]]]:
        """The rows as pieces of text of one style, with that style."""
        rows = [groupby(row, lambda cell: getattr(cell, "style", "")) for row in self._rows]
        return [[("".join(cells), style) for style, cells in row] for row in rows]

    @property
    def text(self) -> str:
        return "\n".join(self.rows).rstrip("\n")

    @property
    def lines(self) -> list[str]:
        """The rows as they were written: what the terminal itself broke is whole; no blank ones at the end."""
        lines = [""]
        for row, joined in zip(self._rows, self._joined, strict=True):
            lines[-1] += "".join(row)
            if not joined:
                lines.append("")
        while lines and not lines[-1]:
            lines.pop()
        return lines

    @property
    def cursor(self) -> tuple[int, int]:
        return self._y, self._x

    def feed(self, output: str) -> None:
        at = 0
        while at < len(output):
            piece = _PIECES.match(output, at)
            assert piece, f"not a sequence that a simple terminal knows: {output[at : at + 20]!r}"
            at = piece.end()
            parameters, final, motion, character = piece.groups()
            if final:
                self._steer(parameters, final)
            elif motion == "\r":
                self._x = 0
            elif motion == "\n":
                self._x = 0
                self._down()
            else:
                self._put(character)

    def resize(self, columns: int) -> None:
        """Breaks rows that are too long and joins what was broken, and keeps the cursor at its character."""
        lines: list[list[str]] = []
        cursor = (0, 0)
        begun = False
        for y, row in enumerate(self._rows):
            if not begun:
                lines.append([])
            if y == self._y:
                cursor = (len(lines) - 1, len(lines[-1]) + self._x)
            lines[-1] += row
            begun = self._joined[y]
        self.columns = columns
        self._rows, self._joined = [], []
        for number, line in enumerate(lines):
            if number == cursor[0]:
                self._y, self._x = len(self._rows) + cursor[1] // columns, cursor[1] % columns
            pieces = [line[start : start + columns] for start in range(0, len(line), columns)] or [[]]
            self._rows += pieces
            self._joined += [True] * (len(pieces) - 1) + [False]
        while self._y >= len(self._rows):
            self._rows.append([])
            self._joined.append(False)

    def _steer(self, parameters: str, final: str) -> None:
        if final == "m":
            self.styles.add(parameters)
            self._style = parameters if parameters != "0" else ""
        if final == "m" or (parameters == "?2026" and final in "hl"):  # synchronized output
            return
        count = int(parameters or 0)
        match final:
            case "A":
                assert count <= self._y or count == 0
                self._y -= max(count, 1)
            case "C":
                self._x = min(self._x + max(count, 1), self.columns - 1)
            case "J" if count == 0:
                del self._rows[self._y + 1 :], self._joined[self._y + 1 :]
                del self._rows[self._y][self._x :]
                self._joined[self._y] = False
            case "K" if count == 2:
                self._rows[self._y].clear()
            case _:
                raise AssertionError(f"a sequence the view should not need: CSI {parameters}{final}")

    def _down(self) -> None:
        self._y += 1
        if self._y == len(self._rows):
            self._rows.append([])
            self._joined.append(False)

    def _put(self, character: str) -> None:
        cells = cell_len(character)
        if self._x + cells > self.columns:
            self._joined[self._y] = True
            self._x = 0
            self._down()
        row = self._rows[self._y]
        row += [" "] * (self._x - len(row))
        if cells == 0:
            if row:
                row[self._x - 1] += character
            return
        cell = Cell(character)
        cell.style = self._style
        row[self._x : self._x + cells] = [cell] + [""] * (cells - 1)
        self._x += cells


class Wire(io.TextIOWrapper):
    """A stream that passes what is written on to a screen, and keeps the writes."""

    def __init__(self, screen: Screen, encoding: str = "utf-8", tty: bool = False) -> None:
        super().__init__(io.BytesIO(), encoding)
        self.screen = screen
        self.writes: list[str] = []
        self._tty = tty

    def isatty(self) -> bool:
        return self._tty

    def write(self, text: str) -> int:
        self.writes.append(text)
        self.screen.feed(text)
        return super().write(text)


class Clock:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now
