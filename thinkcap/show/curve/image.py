"""Charts as PNG and SVG, by matplotlib."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.path import Path as Outline

from thinkcap.show.curve.axis import Axis
from thinkcap.show.curve.chart import Chart, Line, Mark
from thinkcap.show.curve.palette import DARK, LIGHT, Palette

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.transforms import Bbox

SHAPES = ("o", "s", "^", "D", "v", "P")
DASHES = ("-", (0, (6, 2)), (0, (2, 1.5)), (0, (8, 2, 2, 2)))
DPI = 160
LEGEND_ROW = 0.24
"""Inches."""
NEAR = 9.0 * DPI / 72
"""Points closer than this, in pixels, share a label if it is the same."""
RIM = 3.2
"""How much wider a line is for each that lies over it, in points of 1/72 inch."""
AROUND = ((0, 9), (0, -9), (-7, 7), (7, -7), (-8, 0), (8, 0), (7, 7), (-7, -7))
"""Where a label may go, in points from its mark, the best first."""


def write_image(shown: Sequence[Chart], path: Path, kind: str, title: str, caption: str, dark: bool) -> None:
    """Writes charts as a `png` or `svg`. Raises OSError if the file can't be written."""
    # Without a date and without random names, so that the same curves give the same file.
    plain = {"Date": None, "Creator": None} if kind == "svg" else {"Software": None}
    with matplotlib.rc_context({"font.family": "DejaVu Sans", "font.size": 10, "svg.hashsalt": "thinkcap"}):
        draw(shown, title, caption, DARK if dark else LIGHT).savefig(path, format=kind, metadata=plain)


def draw(shown: Sequence[Chart], title: str = "", caption: str = "", palette: Palette = LIGHT) -> Figure:
    """Charts on one canvas: the first large, the others beside it."""
    names = {line.curve: line for chart in shown for line in chart.lines}
    rows = -(-len(names) // _columns(names.values()))
    width, height = (10.0, 5.8) if len(shown) > 1 else (7.5, 5.4)
    height += max(rows - 2, 0) * LEGEND_ROW
    head = 0.42 if title else 0.12
    # The object interface: pyplot would look for a display and keep the figure alive.
    canvas = Figure(figsize=(width, height), dpi=DPI, facecolor=palette.ground)
    grid = canvas.add_gridspec(
        2, 2 if len(shown) > 1 else 1, width_ratios=(1.75, 1) if len(shown) > 1 else None, wspace=0.3, hspace=0.62,
        left=0.75 / width, right=1 - 0.2 / width,
        bottom=0.84 / height, top=1 - (head + LEGEND_ROW * rows + 0.42) / height,
    )  # fmt: skip
    beside = [grid[0, 1], grid[1, 1]] if len(shown) == 3 else [grid[:, 1]] if len(shown) == 2 else []
    places = zip([grid[:, 0], *beside], shown, strict=True)
    drawn = [(canvas.add_subplot(place, facecolor=palette.ground), chart) for place, chart in places]
    for axes, chart in drawn:
        _draw_chart(axes, chart, palette)
    for text, place, size, colour, weight in (
        (title, (0.2 / width, 1 - 0.16 / height), 13, palette.ink, "bold"),
        (caption, (0.2 / width, 0.3 / height), 8.5, palette.quiet, "normal"),
    ):
        canvas.text(*place, text, va="top", size=size, color=colour, weight=weight).set_parse_math(False)
    _draw_legend(canvas, names, 0.12 / width, 1 - head / height, palette)
    canvas.draw_without_rendering()
    for axes, chart in drawn:
        if chart.kind == "accuracy":  # the others have budgets as ticks
            _Labels(axes, chart, palette).draw()
    return canvas


def _draw_chart(axes: Axes, chart: Chart, palette: Palette) -> None:
    axes.set_title(chart.title, loc="left", size=10.5, color=palette.ink, pad=8, weight="bold")
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(palette.edge)
    axes.grid(color=palette.grid, linewidth=0.8)
    axes.set_axisbelow(True)
    _draw_axis(axes, "x", chart.x, palette)
    _draw_axis(axes, "y", chart.y, palette)
    if chart.diagonal:
        ends = (min(chart.x.low, chart.y.low), max(chart.x.high, chart.y.high))
        axes.plot(ends, ends, color=palette.edge, linewidth=1, linestyle=(0, (1, 2)), zorder=1.5)
    for line in chart.lines:
        colour = _colour(line, palette)
        for x, low, high in line.intervals():
            axes.vlines([x], low, high, color=colour, alpha=0.5, linewidth=1.4 + line.under, zorder=2)
        axes.plot(
            [mark.x for mark in line.marks],
            [mark.y for mark in line.marks],
            **_style(line, palette),
            zorder=3,
            clip_on=False,
        )


def _draw_axis(axes: Axes, which: str, axis: Axis, palette: Palette) -> None:
    one = axes.xaxis if which == "x" else axes.yaxis
    if axis.log:
        getattr(axes, f"set_{which}scale")("log")
    getattr(axes, f"set_{which}lim")(axis.low, axis.high)
    one.set_ticks([tick for tick, _ in axis.ticks], [label for _, label in axis.ticks])
    one.set_ticks([], minor=True)
    one.set_tick_params(colors=palette.quiet, labelsize=9, length=0, pad=5)
    getattr(axes, f"set_{which}label")(axis.title, color=palette.quiet, size=9.5, labelpad=5)


def _style(line: Line, palette: Palette) -> dict[str, Any]:
    colour, shape, rim = _colour(line, palette), SHAPES[line.curve % len(SHAPES)], RIM * line.under
    return {
        "color": colour,
        "linewidth": (1.4 if line.published else 1.9) + rim,
        "linestyle": (0, (1.5, 1.5)) if line.published else DASHES[line.curve // len(SHAPES) % len(DASHES)],
        "marker": shape,
        "markersize": (6 if shape in "os" else 6.8) + 1.6 * rim,
        "markerfacecolor": palette.ground if line.published else colour,
        "markeredgecolor": colour if line.published else palette.ground,
        "markeredgewidth": 1.2 if line.published else 0.9,
    }


def _colour(line: Line, palette: Palette) -> str:
    return palette.published if line.published else palette.curves[line.curve % len(palette.curves)]


def _columns(lines: Collection[Line]) -> int:
    """Names a row of the legend has, by the longest of them."""
    longest = max(len(line.name) for line in lines)
    return max(1, min(len(lines), 112 // (longest + 8)))


def _draw_legend(canvas: Figure, names: dict[int, Line], left: float, top: float, palette: Palette) -> None:
    """One legend for all charts, in rows under the title, so that it never lies over a curve."""
    ordered = [names[place] for place in sorted(names)]
    columns = _columns(ordered)
    # matplotlib fills a legend column by column; people read rows.
    by_column = [line for column in range(columns) for line in ordered[column::columns]]
    legend = canvas.legend(
        [Line2D([], [], **_style(replace(line, under=0), palette)) for line in by_column], ["name"] * len(by_column),
        loc="upper left", bbox_to_anchor=(left, top), ncols=columns, frameon=False, fontsize=9.5,
        labelcolor=palette.ink, handlelength=2.6, columnspacing=1.8, borderaxespad=0, labelspacing=0.45,
    )  # fmt: skip
    for text, line in zip(legend.get_texts(), by_column, strict=True):
        # Not as labels: matplotlib reads a meaning into dollar signs and leading underscores.
        text.set_parse_math(False)
        text.set_text(line.name)


class _Labels:
    """The names of points, where they lie over nothing. Each line's last point has one in any case."""

    def __init__(self, axes: Axes, chart: Chart, palette: Palette) -> None:
        self.axes, self.chart, self.palette = axes, chart, palette
        place = axes.transData.transform
        spots = (place([(mark.x, mark.y) for mark in line.marks]) for line in chart.lines)
        whiskers = (place([(x, low), (x, high)]) for line in chart.lines for x, low, high in line.intervals())
        self.strokes: list[Any] = [*spots, *whiskers]
        self.taken: list[Bbox] = []
        self.said: list[tuple[str, float, float]] = []

    def draw(self) -> None:
        for line in self.chart.lines:
            self._draw(line, line.marks[-1], steps=(1.0, 2.2, 3.4))
        for line in self.chart.lines:
            for mark in line.marks[:-1]:
                self._draw(line, mark, steps=(1.0,))

    def _draw(self, line: Line, mark: Mark, steps: Sequence[float]) -> None:
        x, y = self.axes.transData.transform((mark.x, mark.y))
        # Points of several lines on one another share a name.
        if not mark.label or any(mark.label == said and abs(x - a) + abs(y - b) < NEAR for said, a, b in self.said):
            return
        self.said.append((mark.label, x, y))
        places = ((step * dx, step * dy) for step in steps for dx, dy in AROUND)
        if not any(self._fits(line, mark, *place) for place in places) and len(steps) > 1:
            self._fits(line, mark, *AROUND[4], anyway=True)

    def _fits(self, line: Line, mark: Mark, dx: float, dy: float, anyway: bool = False) -> bool:
        """Writes a label, and takes it away again if it lies over something."""
        note = self.axes.annotate(
            mark.label, (mark.x, mark.y), xytext=(dx, dy), textcoords="offset points", size=8,
            color=_colour(line, self.palette), ha=("center", "left", "right")[(dx > 0) - (dx < 0)],
            va=("center", "bottom", "top")[(dy > 0) - (dy < 0)], zorder=4,
        )  # fmt: skip
        box = note.get_window_extent()
        if anyway or self._is_free(box):
            self.taken.append(box)
            return True
        note.remove()
        return False

    def _is_free(self, box: Bbox) -> bool:
        """Whether a label lies within the axes and over no other label, point or stretch of a line."""
        around, inside = box.padded(2 * DPI / 72), self.axes.get_window_extent()
        if not (inside.x0 <= box.x0 and box.x1 <= inside.x1 and inside.y0 <= box.y0 and box.y1 <= inside.y1):
            return False
        if any(around.overlaps(other) for other in self.taken):
            return False
        return not any(
            (len(spots) > 1 and Outline(spots).intersects_bbox(around, filled=False))
            or any(around.x0 - 4 <= x <= around.x1 + 4 and around.y0 - 4 <= y <= around.y1 + 4 for x, y in spots)
            for spots in self.strokes
        )
