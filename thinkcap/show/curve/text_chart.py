"""Charts in a terminal: braille dots for the lines, a shape for each curve so that no colour is
needed, the intervals as whiskers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TextIO

from rich.text import Text

from thinkcap.show.console import SafeConsole
from thinkcap.show.curve.axis import Axis
from thinkcap.show.curve.chart import Chart, Line, charts
from thinkcap.show.curve.curve import Curve, caption
from thinkcap.text import one_line

HEIGHT = 15
LEAST_WIDTH = 40
SHAPES, OPEN_SHAPES = "●■▲◆▼★", "○□△◇▽☆"
STYLES = ("blue", "yellow", "green", "magenta", "cyan", "red")
DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""The bits of a braille character's dots, by row and column."""


def print_chart(curves: Sequence[Curve], file: TextIO, height: int = HEIGHT) -> None:
    """Prints the first chart of the curves, as wide as the terminal or 80 columns, or says that there is none."""
    console = SafeConsole(file)
    shown = charts(curves)
    if not shown:
        console.print("There is nothing to plot: that needs expected answers, or at least two budgets.", soft_wrap=True)
        return
    for row in chart_rows(shown[0], min(console.width - 1, 110), height):
        console.print(row, soft_wrap=True)
    console.print(Text(caption(curves), "dim"), soft_wrap=not console.is_terminal)


def chart_rows(chart: Chart, width: int = 79, height: int = HEIGHT) -> list[Text]:
    """A chart on rows of at most `width` cells, its plot `height` rows high, the names of its lines below it."""
    width = max(width, LEAST_WIDTH)
    margin = max(len(label) for _, label in chart.y.ticks) + 1
    cells = _Cells(chart, width - margin - 2, height)
    if chart.diagonal:
        cells.diagonal()
    for line in chart.lines:
        cells.whiskers(line)
    for line in chart.lines:
        cells.line(line)
    for line in chart.lines:
        cells.marks(line)
    labels = {cells.row(value): label for value, label in chart.y.ticks}
    rows = [Text(one_line(f"{chart.title}: {chart.y.title} by {chart.x.title}", width - 2), "bold")]
    for number in range(height):
        row = Text(f"{labels.get(number, ''):>{margin}}{'┤' if number in labels else '│'}", "dim")
        row.append_text(cells.text(number)).rstrip()
        rows.append(row)
    rows.append(Text(" " * margin + "└" + "─" * cells.width, "dim"))
    rows.append(Text(" " * (margin + 1) + _under(chart.x, cells), "dim"))
    return rows + [_named(line, chart, width) for line in chart.lines]


class _Cells:
    """The plot's cells: dots of lines below, shapes of points above."""

    def __init__(self, chart: Chart, width: int, height: int) -> None:
        self.chart, self.width, self.height = chart, width, height
        self._dots: dict[tuple[int, int], int] = {}
        self._styles: dict[tuple[int, int], str] = {}
        self._shapes: dict[tuple[int, int], list[tuple[int, str, str]]] = {}

    def row(self, value: float) -> int:
        return self._spot(self.chart.x.low, value)[1] // 4

    def column(self, value: float) -> int:
        return self._spot(value, self.chart.y.low)[0] // 2

    def diagonal(self) -> None:
        low = max(self.chart.x.low, self.chart.y.low)
        high = min(self.chart.x.high, self.chart.y.high)
        self._stroke(self._spot(low, low), self._spot(high, high), "dim", gap=4)

    def whiskers(self, line: Line) -> None:
        for x, low, high in line.intervals():
            self._stroke(self._spot(x, low), self._spot(x, high), _style(line, dim=True), gap=2)

    def line(self, line: Line) -> None:
        spots = [self._spot(mark.x, mark.y) for mark in line.marks]
        for start, end in pairwise(spots):
            self._stroke(start, end, _style(line), gap=3 if line.published else 1)

    def marks(self, line: Line) -> None:
        for mark in line.marks:
            x, y = self._spot(mark.x, mark.y)
            self._shapes.setdefault((x // 2, y // 4), []).append((mark.point, _shape(line), _style(line)))

    def text(self, row: int) -> Text:
        text = Text()
        for column in range(self.width):
            cell = (column, row)
            if found := self._shapes.get(cell):
                # Lines that lie on one another take turns, point by point.
                text.append(*found[found[0][0] % len(found)][1:])
            elif cell in self._dots:
                text.append(chr(0x2800 + self._dots[cell]), self._styles[cell])
            else:
                text.append(" ")
        return text

    def _spot(self, x: float, y: float) -> tuple[int, int]:
        """The dot at which a point lies: columns from the left, rows from the top."""
        across, down = 2 * self.width - 1, 4 * self.height - 1
        right, up = self.chart.x.place(x), self.chart.y.place(y)
        return round(min(max(right, 0), 1) * across), round((1 - min(max(up, 0), 1)) * down)

    def _stroke(self, start: tuple[int, int], end: tuple[int, int], style: str, gap: int) -> None:
        steps = max(abs(end[0] - start[0]), abs(end[1] - start[1]), 1)
        for step in range(0, steps + 1, gap):
            x = round(start[0] + (end[0] - start[0]) * step / steps)
            y = round(start[1] + (end[1] - start[1]) * step / steps)
            cell = (x // 2, y // 4)
            self._dots[cell] = self._dots.get(cell, 0) | DOTS[y % 4][x % 2]
            self._styles[cell] = style


def _under(axis: Axis, cells: _Cells) -> str:
    """The labels under the plot, each centred below its place; those that would touch another are left out."""
    row = [" "] * cells.width
    for value, label in reversed(axis.ticks):  # the largest is the one to keep
        start = min(max(cells.column(value) - len(label) // 2, 0), cells.width - len(label))
        around = row[max(start - 1, 0) : start + len(label) + 1]
        if start >= 0 and all(cell == " " for cell in around):
            row[start : start + len(label)] = label
    return "".join(row).rstrip()


def _named(line: Line, chart: Chart, width: int) -> Text:
    """The line's shape and name, and its ends in figures."""
    said = [
        f"{mark.label + ': ' if mark.label else ''}"
        + (f"{mark.y:,.0f} tokens" if chart.kind == "length" else f"{100 * mark.y:.1f} %")
        for mark in dict.fromkeys((line.marks[0], line.marks[-1]))
    ]
    name = Text(f"{_shape(line)} ", _style(line)).append(one_line(line.name, width - 4), "default")
    for ends in (f"  {', '.join(said)}", f"  {said[-1]}"):
        if name.cell_len + len(ends) <= width:
            return name.append(ends, "dim")
    return name


def _shape(line: Line) -> str:
    return (OPEN_SHAPES if line.published else SHAPES)[line.curve % len(SHAPES)]


def _style(line: Line, dim: bool = False) -> str:
    if line.published:
        return "dim"
    return ("dim " if dim else "") + STYLES[line.curve % len(STYLES)]
