"""The figures of a batch's progress against hand-computed values, and the two ways to show them."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest

from thinkcap.engine.core import Step
from thinkcap.show.progress import Bar, Lines, Standing, duration


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def written(file: io.TextIOWrapper) -> str:
    file.flush()
    raw = file.buffer
    assert isinstance(raw, io.BytesIO)
    return raw.getvalue().decode()


def step(seconds: float, sampled: int, active: int = 4) -> Step:
    return Step(active, 10, sampled, sampled, seconds, seconds)


def result(correct: bool | None = None, **more: Any) -> dict[str, Any]:
    return {"thinking_tokens": 10, "solution_tokens": 5, "correct": correct, **more}


def test_rate_time_left_and_accuracy() -> None:
    standing = Standing(total=20, done=8, graded=8, correct=2)
    assert (standing.rate, standing.seconds_left, standing.accuracy) == (None, None, 0.25)
    for second in range(31):
        standing.step(step(second, 100 * second))
    assert standing.rate == 100
    assert standing.seconds_left is None
    standing.result(result(True))
    standing.result(result(False))
    standing.result(result(None))
    assert standing.done == 11
    assert standing.seconds_left == 9 * 30 / 3
    assert standing.accuracy == 0.3
    standing.result({"error": "too long"})
    assert standing.figures() == "100 tok/s · 4 at once · 1 min 20 s left · 30.0 % correct · 1 failed"


def test_the_rate_is_of_the_last_seconds() -> None:
    standing = Standing(total=1)
    for second, sampled in ((0, 0), (5, 5000), (20, 5150), (25, 5200)):
        standing.step(step(second, sampled))
    assert standing.rate == 10


def test_nothing_graded_shows_no_accuracy() -> None:
    standing = Standing(total=2)
    standing.step(step(1, 10, active=1))
    standing.step(step(2, 20, active=1))
    standing.result(result(None))
    assert standing.figures() == "10.0 tok/s · 2 s left"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.4, "0 s"), (59.6, "1 min"), (200, "3 min 20 s"), (7500, "2 h 5 min"), (273_600, "3 d 4 h")],
)
def test_durations_are_in_two_units(seconds: float, said: str) -> None:
    assert duration(seconds) == said


def test_lines_come_every_half_minute() -> None:
    clock, file = Clock(), io.TextIOWrapper(io.BytesIO(), "utf-8")
    lines = Lines(Standing(total=3), file, clock)
    for second in range(0, 100, 5):
        clock.now = second
        lines.step(step(second, 10 * second))
    lines.result(result(True))
    assert written(file) == ("0 of 3 done · 10.0 tok/s · 4 at once\n" * 3)


def test_the_bar_fills_and_stays_behind_whole() -> None:
    clock, file = Clock(), io.TextIOWrapper(io.BytesIO(), "utf-8")
    with Bar(Standing(total=4), file, clock) as bar:
        for second in range(1, 5):
            clock.now = second
            bar.step(step(second, 100 * second))
            bar.result(result(True))
    rows = [re.sub("\x1b\\[[0-9;]*[A-Za-z]|\r", "", row) for row in written(file).splitlines()]
    assert rows[0].endswith("─ 0/4")
    assert all(len(row) < 80 for row in rows if "/" in row)
    assert re.fullmatch("━{70,76} 4/4", rows[-1])


def test_a_redrawn_bar_does_not_fill_the_scrollback() -> None:
    clock, file = Clock(), io.TextIOWrapper(io.BytesIO(), "utf-8")
    with Bar(Standing(total=4), file, clock) as bar:
        for second in range(1, 5):
            clock.now = second
            bar.step(step(second, 100 * second))
    # What is erased from the first cell of the screen on, some terminals keep above it.
    assert "\r\x1b[J" not in written(file)
    assert "\x1b[J" in written(file)
