"""Published points to hold a run against: Avg@16 on AIME 2024, as mean tokens used : accuracy.

Source: Xu et al. 2025, *Scalable Chain of Thoughts via Elastic Reasoning* (arXiv 2505.05315).
"""

from __future__ import annotations

from thinkcap.errors import UsageError
from thinkcap.runs.intervals import Share
from thinkcap.show.curve.curve import Curve, Point
from thinkcap.show.wording import budget_text

POINTS = {
    "e1": ("E1-Math-1.5B", [(1340, 13.5), (1799, 17.5), (2650, 24.8), (3377, 27.9)], (6825, 35.0)),
    "deepscaler": ("DeepScaleR-1.5B", [(1488, 5.2), (1904, 9.6), (2809, 15.8), (3700, 22.7)], (10050, 41.0)),
}


def published_curves(names: str) -> list[Curve]:
    """The published curves of these names (`e1,deepscaler`). Raises UsageError for one that is not known."""
    wanted = dict.fromkeys(name.strip().lower() for name in names.split(",") if name.strip())
    return [_curve(name) for name in wanted]


def _curve(name: str) -> Curve:
    if name not in POINTS:
        raise UsageError(f"There are no published points of {name!r}: --reference takes {' and '.join(POINTS)}.")
    model, bounded, unbounded = POINTS[name]
    points = [_point("", *each) for each in bounded] + [_point(budget_text(None), *unbounded)]
    return Curve(f"{model}, AIME 2024 (published)", tuple(points), published=True)


def _point(label: str, used: float, percent: float) -> Point:
    """A published point: no interval was given, and the budget is not what thinkcap means by one."""
    accuracy = round(percent / 100, 4)
    return Point(label, None, used, Share(accuracy, accuracy, accuracy))
