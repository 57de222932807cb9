"""Charts of curves, worked out without drawing anything: lines and axes.

There are three: accuracy against tokens used, the share of thoughts cut at each budget, and tokens used against the
budget, as in Elastic Reasoning (arXiv 2505.05315) and L1 (arXiv 2503.04697).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from thinkcap.show.curve.axis import Axis, shares_axis, tokens_axis
from thinkcap.show.curve.curve import Curve, Point, budget_order
from thinkcap.show.wording import budget_text

ChartKind = Literal["accuracy", "cut", "length"]
Place = tuple[float, float, float | None, float | None]
"""x, y and the ends of y's interval."""
NEAR = 0.01
"""Of an axis: marks closer than this look like one."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A point in a chart. `low` and `high` are its 95 % interval, `point` its place in the curve."""

    x: float
    y: float
    low: float | None
    high: float | None
    label: str
    point: int


@dataclass(frozen=True, slots=True)
class Line:
    """A curve in a chart.

    curve  its place among all curves, which decides its colour and shape
    under  how many later lines cover most of it: it is drawn that much wider, so that its rim shows
    """

    name: str
    curve: int
    published: bool
    marks: tuple[Mark, ...]
    under: int = 0

    def intervals(self) -> list[tuple[float, float, float]]:
        """x and the ends of each interval that is more than a point."""
        return [
            (mark.x, mark.low, mark.high)
            for mark in self.marks
            if mark.low is not None and mark.high is not None and mark.low < mark.high
        ]


@dataclass(frozen=True, slots=True)
class Chart:
    """One view of the curves. `diagonal` asks for the line on which y equals x."""

    kind: ChartKind
    title: str
    x: Axis
    y: Axis
    lines: tuple[Line, ...]
    diagonal: bool = False


def charts(curves: Sequence[Curve]) -> list[Chart]:
    """The charts that the curves have something to show in, the most telling first."""
    found = [chart for chart in (_accuracy(curves), _cut(curves), _length(curves)) if chart is not None]
    return [replace(chart, lines=_layered(chart)) for chart in found]


def _accuracy(curves: Sequence[Curve]) -> Chart | None:
    def place(point: Point) -> Place | None:
        share = point.accuracy
        return (point.used, share.value, share.low, share.high) if share else None

    lines = _lines(curves, place)
    if not lines:
        return None
    x = tokens_axis("mean tokens used", [mark.x for line in lines for mark in line.marks])
    return Chart("accuracy", "Accuracy for the tokens spent", x, shares_axis("accuracy"), lines)


def _cut(curves: Sequence[Curve]) -> Chart | None:
    shown = {point.budget for curve in curves for point in curve.points if point.share_cut is not None}
    budgets = sorted(shown, key=budget_order)

    def place(point: Point) -> Place | None:
        return None if point.share_cut is None else (budgets.index(point.budget), point.share_cut, None, None)

    if len(budgets) < 2:
        return None
    ticks = tuple((float(at), "∞" if budget is None else budget_text(budget)) for at, budget in enumerate(budgets))
    x = Axis("thinking budget", -0.35, len(budgets) - 0.65, ticks)
    return Chart("cut", "Thoughts cut", x, shares_axis("share cut"), _lines(curves, place))


def _length(curves: Sequence[Curve]) -> Chart | None:
    """Only budgets that can be met: neither 0 nor none is a length."""
    budgets = sorted({point.budget for curve in curves for point in curve.points if point.budget and point.length})
    if len(budgets) < 2:
        return None

    def place(point: Point) -> Place | None:
        return (point.budget, point.length, None, None) if point.budget and point.length else None

    lines = _lines(curves, place)
    prompted = {curves[line.curve].prompted for line in lines}
    if prompted == {True}:
        title, x_title, y_title = "Tokens used against tokens asked", "tokens asked", "mean tokens of a response"
    elif prompted == {False}:
        title, x_title, y_title = "Thinking tokens used of the budget", "thinking budget", "mean thinking tokens"
    else:
        title, x_title, y_title = "Tokens used against the budget", "thinking budget", "mean tokens used"
    used = [mark.y for line in lines for mark in line.marks]
    wide = budgets[-1] / budgets[0] > 4
    return Chart(
        "length",
        title,
        tokens_axis(x_title, [float(each) for each in budgets], wide, budgets),
        tokens_axis(y_title, [*used, *map(float, budgets)], wide, budgets if wide else None),
        lines,
        diagonal=True,
    )


def _lines(curves: Sequence[Curve], view: Callable[[Point], Place | None]) -> tuple[Line, ...]:
    """The curves in a chart; `view` says where a point is in it, None if it is not."""
    lines = []
    for at, curve in enumerate(curves):
        seen = ((number, point, view(point)) for number, point in enumerate(curve.points))
        marks = tuple(Mark(*place, point.name, number) for number, point, place in seen if place is not None)
        if marks:
            lines.append(Line(curve.name, at, curve.published, marks))
    return tuple(lines)


def _layered(chart: Chart) -> tuple[Line, ...]:
    """The lines, each with the number of those drawn over it."""

    def covers(upper: Line, lower: Line) -> bool:
        spots = [(chart.x.place(mark.x), chart.y.place(mark.y)) for mark in upper.marks]
        covered = sum(
            any(abs(chart.x.place(mark.x) - x) < NEAR and abs(chart.y.place(mark.y) - y) < NEAR for x, y in spots)
            for mark in lower.marks
        )
        return 2 * covered > len(lower.marks)

    return tuple(
        replace(line, under=sum(covers(later, line) for later in chart.lines[at + 1 :]))
        for at, line in enumerate(chart.lines)
    )
