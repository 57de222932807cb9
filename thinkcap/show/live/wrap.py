"""Word wrap for text that arrives in pieces: which rows are final, and the row still growing.

The rows do not depend on how the text was cut into pieces, and a row, once final, never changes.
"""

from __future__ import annotations

from itertools import groupby

from rich.cells import get_character_cell_size
from rich.text import Text

from thinkcap.text import printable

TAB = 4

Cell = tuple[str, int, str]
"""A character, its width and its style."""


class Wrapper:
    """Wraps styled text to rows of at most `width` cells. Blank rows are held back until text follows them, so there
    are none at the beginning and the end."""

    def __init__(self, width: int) -> None:
        self.width = width
        self._row: list[Cell] = []
        self._cells = 0
        self._breaks = 0
        self._begun = False

    def feed(self, text: str, style: str = "") -> list[Text]:
        """Takes more text; returns the rows it completed."""
        rows: list[Text] = []
        for character in printable(text):
            if character == "\n":
                self._breaks += 1
            elif self._begun or not character.isspace():
                if self._breaks and self._begun:
                    rows += [_text(self._row), *(Text() for _ in range(self._breaks - 1))]
                    self._row, self._cells = [], 0
                self._breaks, self._begun = 0, True
                tab = TAB - self._cells % TAB
                for each in " " * tab if character == "\t" else character:
                    self._add(each, style, rows)
        return rows

    def row(self) -> Text:
        """The row still growing."""
        return _text(self._row)

    def resize(self, width: int) -> list[Text]:
        """Goes on at another width; returns the rows that the growing row now fills."""
        growing, self._row, self._cells, self.width = self._row, [], 0, width
        rows: list[Text] = []
        for character, _, style in growing:
            self._add(character, style, rows)
        return rows

    def finish(self) -> list[Text]:
        """Ends the text: the last row, if there is one."""
        last, self._row, self._cells = _text(self._row), [], 0
        return [last] if last else []

    def _add(self, character: str, style: str, rows: list[Text]) -> None:
        # The emoji selector makes a narrow character wide in some terminals: count for the worst.
        cells = 1 if character == "\ufe0f" else get_character_cell_size(character)
        if character == " " and self._cells + cells > self.width:
            cells = 0  # it hangs over the edge, where nobody sees it: the row breaks at it
        while self._row and self._cells + cells > self.width:
            kept, self._row = self._split()
            self._cells = sum(width for _, width, _ in self._row)
            rows.append(_text(kept))
        self._row.append((character, cells, style))
        self._cells += cells

    def _split(self) -> tuple[list[Cell], list[Cell]]:
        """Where a full row ends: at its last space, or anywhere in a word longer than a row."""
        for index in range(len(self._row) - 1, 0, -1):
            if self._row[index][0] == " " and any(entry[0] != " " for entry in self._row[:index]):
                return self._row[:index], self._row[index + 1 :]
        return self._row, []


def _text(row: list[Cell]) -> Text:
    text = Text()
    for style, run in groupby(row, key=lambda cell: cell[2]):
        text.append("".join(character for character, _, _ in run), style or None)
    text.rstrip()
    return text
