"""The budget curve: one model in one way of running it, a point for each budget.

Groups of results come in, curves come out; chart.py makes charts of them, which image.py, text_chart.py and page/ draw.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from thinkcap.show.wording import SETTINGS, budget_text, plural, setting_text
from thinkcap.text import one_line

if TYPE_CHECKING:
    from thinkcap.runs.groups import ResultGroup
    from thinkcap.runs.intervals import Share
    from thinkcap.runs.methods import Method
    from thinkcap.runs.result import Result

NAME_LENGTH = 60

SeriesKey = tuple[tuple[str, Any], ...]
"""How a model was run: all its settings but the budget, and the value that a report is split by."""


@dataclass(frozen=True, slots=True)
class Point:
    """What one budget came to.

    label      the budget as it is spelled, 512, 4k or unlimited, or what else sets the point apart
    budget     thinking tokens allowed, or asked for in the prompt; None is no limit
    used       mean tokens of a whole response: thinking, injected and solution
    accuracy   Avg@k, or a vote's accuracy, with its 95 % interval; None if nothing was expected
    share_cut  of the thoughts, those that thinkcap ended; None if that is not known
    length     the mean tokens that `budget` is about: of the whole response if the prompt asked for it, as L1
               counts it, else of the thought
    results    the results behind it
    """

    label: str
    budget: int | None
    used: float
    accuracy: Share | None
    share_cut: float | None = None
    length: float | None = None
    results: Sequence[Result] = ()

    @property
    def name(self) -> str:
        """The point in words: `budget 512`, `4 thoughts`."""
        return f"budget {self.label}" if self.label == budget_text(self.budget) else self.label


@dataclass(frozen=True, slots=True)
class Curve:
    """One model in one way of running it.

    points     from the smallest budget to the largest
    published  whether the figures are a paper's and not of a run
    prompted   whether the prompt asked for the budget
    settings   how it was run, by name
    data       the file of its problems, if that is known
    problems   problems behind each point
    samples    the most samples of one, at each point
    """

    name: str
    points: tuple[Point, ...]
    published: bool = False
    prompted: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)
    data: str = ""
    problems: tuple[int, ...] = ()
    samples: tuple[int, ...] = ()


def curves(groups: Iterable[ResultGroup], votes: bool = True) -> list[Curve]:
    """The curves of a report's groups, in their order: one for each model and setting other than the budget.

    Curves are named by what they differ in. If the groups have votes, a second curve shows the largest one at what its
    samples cost together, unless `votes` is off. Groups in which nothing could be run have no point.
    """
    found: dict[SeriesKey, list[ResultGroup]] = {}
    for group in groups:
        found.setdefault(_key(group), []).append(group)
    _share_ends(found)
    named = zip(_names([dict(key) for key in found]), found.values(), strict=True)
    return [curve for name, members in named for curve in _curves_of(name, members, votes) if curve.points]


def method_curves(methods: Iterable[Method]) -> list[Curve]:
    """A curve for each way to vote, a point for each number of thoughts it takes: where the tokens are spent best."""
    found: dict[SeriesKey, list[Method]] = {}
    for method in methods:
        found.setdefault(tuple(method.settings.items()), []).append(method)
    return [
        Curve(
            f"{name} · votes",
            tuple(
                Point(plural(each.thoughts, "thought"), None, each.tokens, each.accuracy)
                for each in sorted(members, key=lambda each: each.thoughts)
            ),
            settings=dict(key),
        )
        for name, (key, members) in zip(_names([dict(key) for key in found]), found.items(), strict=True)
    ]


def caption(curves: Sequence[Curve]) -> str:
    """What the curves have in common, in one line: model, data set, problems and samples, sampling."""
    run = [curve for curve in curves if not curve.published and curve.settings]
    models = dict.fromkeys(
        f"{curve.settings.get('model')} {curve.settings.get('quant') or ''}".strip() for curve in run
    )
    data = dict.fromkeys(curve.data for curve in run if curve.data)
    problems = {size for curve in run for size in curve.problems}
    samples = {size for curve in run for size in curve.samples}
    drawn = {_sampling(curve.settings) for curve in run}
    parts = [", ".join(models) if len(models) <= 3 else plural(len(models), "model")] if models else []
    parts += [", ".join(data)] if data else []
    if problems:
        several = f" × {_range(samples)} samples" if max(samples) > 1 else ""
        parts.append(f"n = {_range(problems)} problem{'s' * (max(problems) != 1)}{several}")
    if len(drawn) == 1:
        parts += filter(None, drawn)
    return one_line(" · ".join([*parts, "bars are 95 % intervals"]))


def _range(sizes: Collection[int]) -> str:
    """`200`, or `80 to 200`."""
    return f"{max(sizes):,}" if len(sizes) == 1 else f"{min(sizes):,} to {max(sizes):,}"


def _sampling(settings: Mapping[str, Any]) -> str:
    """How tokens were drawn, if that is known."""
    names = {"temperature": "temperature", "top_p": "top-p", "top_k": "top-k", "min_p": "min-p"}
    if settings.get("temperature") == 0:
        return "greedy"
    return ", ".join(f"{spoken} {settings[name]}" for name, spoken in names.items() if settings.get(name))


def _key(group: ResultGroup) -> SeriesKey:
    split = () if group.by is None else (("by", group.by),)
    return (*((name, value) for name, value in group.settings.items() if name != "thinking"), *split)


def _share_ends(found: dict[SeriesKey, list[ResultGroup]]) -> None:
    """Gives the curves whose prompts ask for the budget the points of no thought and of no limit too: no prompt can ask
    for these, so they are recorded without. Alone they make no curve."""
    for key in [key for key in found if dict(key).get("prompt_mode") == "none"]:
        asked = [other for mode in ("max", "exact") if (other := _as_prompted(key, mode)) in found]
        ends = [group for group in found[key] if not group.settings.get("thinking")]
        for other in asked:
            found[other] += ends
        if asked and len(ends) == len(found[key]):
            del found[key]


def _as_prompted(key: SeriesKey, mode: str) -> SeriesKey:
    return tuple((name, mode if name == "prompt_mode" else value) for name, value in key)


def _names(keys: Sequence[Mapping[str, Any]]) -> list[str]:
    settings = dict.fromkeys(name for key in keys for name in key)
    differing = [name for name in settings if len({str(key.get(name)) for key in keys}) > 1]
    # The file's hash tells models apart that nothing else does, and only those.
    if "model_sha256" in differing and {"model", "quant"} & {*differing}:
        differing.remove("model_sha256")
    names = [_name(key, differing) for key in keys]
    return [
        name if names.count(name) == 1 else f"{name} ({1 + names[:at].count(name)})" for at, name in enumerate(names)
    ]


def _name(key: Mapping[str, Any], differing: Sequence[str]) -> str:
    parts = [str(key.get("model")), *(_spoken(name, key.get(name)) for name in differing if name != "model")]
    return one_line(" · ".join(filter(None, parts)), NAME_LENGTH)


def _spoken(setting: str, value: Any) -> str:
    match setting, value:
        case "prompt_mode", "none":
            return "plain prompt"
        case "answers", 1:
            return ""
        case "depths", 0:
            return "whole thoughts"
        case "loop_guard", _:
            return "loop guard" if value else "no loop guard"
        case "model_sha256", _:
            return f"file {str(value)[:8]}"
    form = {"style": "{} cut", "prompt_mode": "{} prompt", "quant": "{}", "by": "{}"} | {
        name: f"{{}} {name}" for name in ("depths", "answers")
    }
    plain = f"{SETTINGS.get(setting, setting.replace('_', ' '))} {{}}"
    return form.get(setting, plain).format(setting_text(setting, value))


def _curves_of(name: str, groups: Sequence[ResultGroup], votes: bool) -> Iterator[Curve]:
    groups = sorted(groups, key=lambda group: budget_order(group.settings.get("thinking")))
    prompted = any(group.settings.get("prompt_mode") in ("max", "exact") for group in groups)
    points = [(group, point) for group in groups if (point := _point(group, prompted)) is not None]
    problems, samples = (tuple(getattr(group.metrics, name) for group, _ in points) for name in ("problems", "k"))
    data = str(groups[0].results[0].settings.get("data") or "")
    kept = tuple(point for _, point in points)
    curve = Curve(name, kept, False, prompted, groups[0].settings, data, problems, samples)
    yield curve
    # Answers at several depths of a thought are no samples: runs/methods.py knows what a vote over them costs.
    fractured = any(group.settings.get("depths") for group in groups)
    voters = min((max(group.metrics.maj_at, default=0) for group in groups), default=0)
    if votes and voters and not fractured:
        voted = tuple(
            Point(point.label, point.budget, voters * point.used, group.metrics.maj_at[voters], results=point.results)
            for group, point in points
        )
        yield replace(curve, name=f"{name} · maj@{voters}", points=voted)


def _point(group: ResultGroup, prompted: bool) -> Point | None:
    metrics, budget = group.metrics, group.settings.get("thinking")
    if metrics.total_tokens is None:
        return None
    return Point(
        label=budget_text(budget),
        budget=budget,
        used=metrics.total_tokens,
        accuracy=metrics.accuracy,
        share_cut=metrics.share_cut,
        length=metrics.total_tokens if prompted else metrics.thinking_tokens,
        results=group.results,
    )


def budget_order(budget: int | None) -> float:
    """A budget as a number to sort by."""
    return math.inf if budget is None else budget
