"""The budget curve, worked out without drawing anything: groups of records in, points, lines and axes out.

A curve is one model in one way of running it, a point for each budget. A figure is one of three views of the curves:
accuracy against tokens used, the share of thoughts cut at each budget, and tokens used against tokens asked, as in
Elastic Reasoning (arXiv 2505.05315) and L1 (arXiv 2503.04697). `plot`, `terminal_chart` and `curve_page` draw figures.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

from thinkcap.text import one_line

if TYPE_CHECKING:
    from thinkcap.runs.methods import Method
    from thinkcap.runs.metrics import Estimate, Metrics
    from thinkcap.runs.report import Group

WIDE = 12
"""Tokens used spread further than this are drawn on a logarithmic axis: largest / smallest."""
NAME_LENGTH = 60

FigureKind = Literal["accuracy", "cut", "length"]
Where = tuple[float, float, float | None, float | None]
"""x, y and the ends of y's interval."""
Way = tuple[tuple[str, Any], ...]
"""How a model was run: all its settings but the budget, and the value that a report is split by."""


@dataclass(frozen=True, slots=True)
class Point:
    """What one budget came to.

    label      the budget as it is spelled, 512, 4k or none, or what else sets the point apart
    asked      thinking tokens allowed, or asked for in the prompt; None is no limit
    used       mean tokens of a whole response: thinking, injected and solution
    accuracy   Avg@k, or a vote's accuracy, with its 95 % interval; None where nothing was expected
    share_cut  of the thoughts, those that thinkcap ended; None where that is not known
    length     the mean tokens that `asked` is about: of the whole response where the model is told a length, as L1
               counts it, else of the thought
    records    the results behind it
    """

    label: str
    asked: int | None
    used: float
    accuracy: Estimate | None
    share_cut: float | None = None
    length: float | None = None
    records: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class Curve:
    """One model in one way of running it.

    points     from the smallest budget to the largest
    published  whether the figures are a paper's and not of a run
    told       whether the model was told its budget in the prompt
    """

    name: str
    points: tuple[Point, ...]
    published: bool = False
    told: bool = False


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis: its ends, and its ticks with their labels."""

    title: str
    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    log: bool = False

    def place(self, value: float) -> float:
        """Where a value lies: 0 at the low end, 1 at the high end."""
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)


@dataclass(frozen=True, slots=True)
class Mark:
    """A point in a figure. `low` and `high` are its 95 % interval, `point` its place in the curve."""

    x: float
    y: float
    low: float | None
    high: float | None
    label: str
    point: int


@dataclass(frozen=True, slots=True)
class Line:
    """A curve in a figure. `curve` is its place among all curves, which decides its colour and shape."""

    name: str
    curve: int
    published: bool
    marks: tuple[Mark, ...]

    def whiskers(self) -> list[tuple[float, float, float]]:
        """x and the ends of each interval that is more than a point."""
        return [
            (mark.x, mark.low, mark.high)
            for mark in self.marks
            if mark.low is not None and mark.high is not None and mark.low < mark.high
        ]

    def has_band(self) -> bool:
        """Whether the intervals can be drawn as one band: where points go back to the left, it would cover itself."""
        xs = [mark.x for mark in self.marks]
        slack = 0.02 * (max(xs) - min(xs))
        return len(self.whiskers()) > 1 and all(right > left - slack for left, right in pairwise(xs))


@dataclass(frozen=True, slots=True)
class Figure:
    """One view of the curves. `diagonal` asks for the line on which y equals x."""

    kind: FigureKind
    title: str
    x: Axis
    y: Axis
    lines: tuple[Line, ...]
    diagonal: bool = False


def curves(groups: Iterable[Group], votes: bool = True) -> list[Curve]:
    """The curves of a report's groups, in their order: one for each model and setting other than the budget.

    Curves are named by what they differ in. Where the groups have votes, a second curve shows the largest one at what
    its samples cost together, unless `votes` is off. Groups in which nothing could be run have no point.
    """
    found: dict[Way, list[Group]] = {}
    for group in groups:
        found.setdefault(_way(group), []).append(group)
    _share_ends(found)
    named = zip(_names([dict(way) for way in found]), found.values(), strict=True)
    return [curve for name, members in named for curve in _curves_of(name, members, votes) if curve.points]


def method_curves(methods: Iterable[Method]) -> list[Curve]:
    """A curve for each way to vote, a point for each number of thoughts it takes: where the tokens are spent best."""
    found: dict[Way, list[Method]] = {}
    for method in methods:
        found.setdefault(tuple(method.settings.items()), []).append(method)
    return [
        Curve(f"{name} · votes", tuple(_method(each) for each in sorted(members, key=lambda each: each.thoughts)))
        for name, members in zip(_names([dict(way) for way in found]), found.values(), strict=True)
    ]


def figures(curves: Sequence[Curve]) -> list[Figure]:
    """The figures that the curves have something to show in, the most telling first."""
    return [figure for figure in (_accuracy(curves), _cut(curves), _length(curves)) if figure is not None]


def spell_budget(tokens: int | None) -> str:
    """A budget as the command line takes it: 512, 4k, none."""
    if tokens is None:
        return "none"
    return f"{tokens // 1024}k" if tokens and tokens % 1024 == 0 else str(tokens)


def _way(group: Group) -> Way:
    split = () if group.by is None else (("by", group.by),)
    return (*((name, value) for name, value in group.settings.items() if name != "thinking"), *split)


def _share_ends(found: dict[Way, list[Group]]) -> None:
    """Gives the curves of models that are told their budget the points of no thought and of no limit too: there is no
    length to tell in these, so that they are recorded as not told. Alone they make no curve of their own."""
    for way in [way for way in found if dict(way).get("prompt_mode") == "none"]:
        told = [other for mode in ("max", "exact") if (other := _told(way, mode)) in found]
        ends = [group for group in found[way] if not group.settings.get("thinking")]
        for other in told:
            found[other] += ends
        if told and len(ends) == len(found[way]):
            del found[way]


def _told(way: Way, mode: str) -> Way:
    return tuple((name, mode if name == "prompt_mode" else value) for name, value in way)


def _names(ways: Sequence[Mapping[str, Any]]) -> list[str]:
    settings = dict.fromkeys(name for way in ways for name in way)
    differing = [name for name in settings if len({str(way.get(name)) for way in ways}) > 1]
    # The file's hash tells models apart that nothing else does, and only those.
    if "model_sha256" in differing and {"model", "quant"} & {*differing}:
        differing.remove("model_sha256")
    names = [_name(way, differing) for way in ways]
    return [
        name if names.count(name) == 1 else f"{name} ({1 + names[:at].count(name)})" for at, name in enumerate(names)
    ]


def _name(way: Mapping[str, Any], differing: Sequence[str]) -> str:
    parts = [str(way.get("model"))]
    parts += [_spoken(name, way.get(name)) for name in differing if name != "model"]
    return one_line(" · ".join(part for part in parts if part), NAME_LENGTH)


def _spoken(setting: str, value: Any) -> str:
    match setting, value:
        case "prompt_mode", "none":
            return "not told"
        case "prompt_mode", _:
            return f"told {value}"
        case "style", _:
            return f"{value} cut"
        case "model_sha256", _:
            return f"file {str(value)[:8]}"
        case (("quant" | "by"), _):
            return str(value)
        case "thinking", _:
            return f"budget {spell_budget(value)}"
        case "depths", _:
            return f"{value} depths" if value else "whole thoughts"
        case "answers", _:
            return f"{value} answers" if value != 1 else ""
        case "loop_guard", _:
            return "loop guard" if value else "no loop guard"
    return f"{setting.replace('_', ' ')} {'none' if value is None else value}"


def _curves_of(name: str, groups: Sequence[Group], votes: bool) -> Iterator[Curve]:
    groups = sorted(groups, key=lambda group: _size(group.settings.get("thinking")))
    told = any(group.settings.get("prompt_mode") in ("max", "exact") for group in groups)
    points = ((group, point) for group in groups if (point := _point(group, told)) is not None)
    kept = list(points)
    yield Curve(name, tuple(point for _, point in kept), told=told)
    # Answers at several depths of a thought are no samples: what a vote over them costs, runs/methods.py knows.
    fractured = any(group.settings.get("depths") for group in groups)
    voters = min((max(group.metrics.maj_at, default=0) for group in groups), default=0)
    if votes and voters and not fractured:
        points_of_votes = tuple(_vote(group.metrics, point, voters) for group, point in kept)
        yield Curve(f"{name} · maj@{voters}", points_of_votes, told=told)


def _point(group: Group, told: bool) -> Point | None:
    metrics, asked = group.metrics, group.settings.get("thinking")
    if metrics.total_tokens is None:
        return None
    return Point(
        label=spell_budget(asked),
        asked=asked,
        used=metrics.total_tokens,
        accuracy=metrics.accuracy,
        share_cut=metrics.share_cut,
        length=metrics.total_tokens if told else metrics.thinking_tokens,
        records=group.records,
    )


def _vote(metrics: Metrics, point: Point, voters: int) -> Point:
    return Point(point.label, point.asked, voters * point.used, metrics.maj_at[voters], records=point.records)


def _method(method: Method) -> Point:
    label = "1 thought" if method.thoughts == 1 else f"{method.thoughts} thoughts"
    return Point(label, None, method.tokens, method.accuracy)


def _accuracy(curves: Sequence[Curve]) -> Figure | None:
    lines = _lines(
        curves,
        lambda point: (
            (point.used, point.accuracy.value, point.accuracy.low, point.accuracy.high) if point.accuracy else None
        ),
    )
    if not lines:
        return None
    used = [mark.x for line in lines for mark in line.marks]
    bottoms = [mark.low if mark.low is not None else mark.y for line in lines for mark in line.marks]
    tops = [mark.high if mark.high is not None else mark.y for line in lines for mark in line.marks]
    # From 0 unless that would leave most of the figure empty: an axis that starts elsewhere makes differences loom.
    bottom = 0.0 if min(bottoms) < 0.5 * max(tops) else min(bottoms)
    return Figure(
        "accuracy",
        "Accuracy for the tokens spent",
        _tokens_axis("mean tokens used", used),
        _shares_axis("accuracy", bottom, max(tops)),
        lines,
    )


def _cut(curves: Sequence[Curve]) -> Figure | None:
    budgets = sorted({point.asked for point in _points(curves) if point.share_cut is not None}, key=_size)
    if len(budgets) < 2:
        return None
    lines = _lines(
        curves,
        lambda point: (
            (budgets.index(point.asked), point.share_cut, None, None) if point.share_cut is not None else None
        ),
    )
    ticks = tuple((float(place), spell_budget(budget)) for place, budget in enumerate(budgets))
    x = Axis("thinking budget", -0.35, len(budgets) - 0.65, ticks)
    return Figure("cut", "Thoughts cut", x, _shares_axis("share cut", 0.0, 1.0), lines)


def _length(curves: Sequence[Curve]) -> Figure | None:
    """Only budgets that ask for something: neither 0 nor none is a length that can be met."""
    asked = sorted({point.asked for point in _points(curves) if point.asked and point.length})
    if len(asked) < 2:
        return None
    lines = _lines(
        curves, lambda point: (point.asked, point.length, None, None) if point.asked and point.length else None
    )
    told = {curves[line.curve].told for line in lines}
    title = "mean tokens used"
    if len(told) == 1:
        title = "mean tokens of a response" if told == {True} else "mean thinking tokens"
    used = [mark.y for line in lines for mark in line.marks]
    wide = asked[-1] / asked[0] > 4
    return Figure(
        "length",
        "Tokens used against tokens asked",
        _tokens_axis("tokens asked", [float(each) for each in asked], wide, ticks=asked),
        _tokens_axis(title, [*used, *map(float, asked)], wide, ticks=asked if wide else None),
        lines,
        diagonal=True,
    )


def _lines(curves: Sequence[Curve], view: Callable[[Point], Where | None]) -> tuple[Line, ...]:
    """The curves in a figure, `view` telling where a point stands in it, None where it does not."""
    lines = []
    for place, curve in enumerate(curves):
        seen = ((number, point, view(point)) for number, point in enumerate(curve.points))
        marks = tuple(Mark(*where, point.label, number) for number, point, where in seen if where is not None)
        if marks:
            lines.append(Line(curve.name, place, curve.published, marks))
    return tuple(lines)


def _points(curves: Iterable[Curve]) -> Iterator[Point]:
    return (point for curve in curves for point in curve.points)


def _size(budget: int | None) -> float:
    return math.inf if budget is None else budget


def _shares_axis(title: str, bottom: float, top: float) -> Axis:
    """An axis of shares in percent, within 0 and 100 %."""
    room = 0.04 * ((top - bottom) or 0.5)
    low, high = bottom - room, top + room
    ticks = [tick for tick in round_ticks(low, high, 7) if -1e-9 <= tick <= 1 + 1e-9]
    digits = 0 if all(abs(100 * tick - round(100 * tick)) < 1e-6 for tick in ticks) else 1
    return Axis(title, low, high, tuple((tick, f"{100 * tick:.{digits}f} %") for tick in ticks))


def _tokens_axis(
    title: str, values: Sequence[float], log: bool | None = None, ticks: Sequence[int] | None = None
) -> Axis:
    """An axis for these numbers of tokens; logarithmic, where not told otherwise, if they are far apart."""
    least, most = min(values), max(values)
    if log is None:
        log = least > 0 and most / least > WIDE
    if log:
        room = (most / least) ** 0.05
        low, high = least / room, most * room
        marked = [float(tick) for tick in ticks] if ticks else _log_ticks(low, high)
        return Axis(
            title, low, high, tuple((tick, _count(tick, bool(ticks))) for tick in _thinned(marked, low, high)), log=True
        )
    if most == least:
        least, most = max(0.0, least - 1), most + 1
    start = 0.0 if least < 0.35 * most else least
    room = 0.04 * (most - start)
    low, high = max(0.0, start - room), most + room
    marked = [float(tick) for tick in ticks] if ticks and len(ticks) <= 4 else round_ticks(low, high, 6)
    return Axis(title, low, high, tuple((tick, _count(tick, bool(ticks))) for tick in marked))


def _count(tokens: float, budget: bool) -> str:
    return (
        spell_budget(int(tokens))
        if budget
        else f"{tokens:,.0f}"
        if tokens >= 10 or tokens == int(tokens)
        else f"{tokens:g}"
    )


def round_ticks(low: float, high: float, most: int) -> list[float]:
    """At most `most` or so round numbers between `low` and `high`."""
    span = (high - low) or 1.0
    magnitude = 10.0 ** math.floor(math.log10(span / most))
    step = next(step for step in (1, 2, 2.5, 5, 10, 20) if step * magnitude * most >= span) * magnitude
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(number * step, 12) for number in range(first, last + 1)]


def _log_ticks(low: float, high: float) -> list[float]:
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks = [digit * 10.0**decade for decade in decades for digit in (1, 2, 5)]
    return [tick for tick in ticks if low <= tick <= high]


def _thinned(ticks: Sequence[float], low: float, high: float) -> list[float]:
    """Ticks far enough apart on a logarithmic axis for their labels, the last one kept."""
    kept: list[float] = []
    for tick in reversed(ticks):
        if not kept or math.log(kept[-1] / tick) / math.log(high / low) > 0.085:
            kept.append(tick)
    return kept[::-1]
