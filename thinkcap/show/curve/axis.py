"""One axis of a chart: its ends, and round numbers between them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from thinkcap.show.wording import budget_text

WIDE = 12
"""Tokens that are further apart than this (largest / smallest) get a logarithmic axis."""
ROOM = 0.04
"""Of the axis, left free beyond its values at each end."""


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis: its ends, and its ticks with their labels."""

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


def shares_axis(title: str) -> Axis:
    """An axis of shares, always from 0 to 100 %: one that starts elsewhere makes differences loom."""
    return Axis(title, -ROOM, 1 + ROOM, tuple((tick / 5, f"{20 * tick} %") for tick in range(6)))


def tokens_axis(
    title: str, values: Sequence[float], log: bool | None = None, budgets: Sequence[int] | None = None
) -> Axis:
    """An axis for these numbers of tokens.

    log      whether it is logarithmic; None decides by how far apart the numbers are
    budgets  the ticks, if there are few enough of them
    """
    least, most = min(values), max(values)
    if log is None:
        log = least > 0 and most / least > WIDE
    if log:
        room = (most / least) ** 0.05
        low, high = least / room, most * room
        ticks = _thinned([float(tick) for tick in budgets] if budgets else _log_ticks(low, high), low, high)
    else:
        if most == least:
            least, most = max(0.0, least - 1), most + 1
        start = 0.0 if least < 0.35 * most else least
        room = ROOM * (most - start)
        low, high = max(0.0, start - room), most + room
        ticks = [float(tick) for tick in budgets] if budgets and len(budgets) <= 4 else round_ticks(low, high, 6)
    return Axis(title, low, high, tuple((tick, _count(tick, bool(budgets))) for tick in ticks), log)


def round_ticks(low: float, high: float, most: int) -> list[float]:
    """At most `most` or so round numbers between `low` and `high`."""
    span = (high - low) or 1.0
    magnitude = 10.0 ** math.floor(math.log10(span / most))
    step = next(step for step in (1, 2, 2.5, 5, 10, 20) if step * magnitude * most >= span) * magnitude
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(number * step, 12) for number in range(first, last + 1)]


def _count(tokens: float, is_budget: bool) -> str:
    if is_budget:
        return budget_text(int(tokens))
    return f"{tokens:,.0f}" if tokens >= 10 or tokens == int(tokens) else f"{tokens:g}"


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
