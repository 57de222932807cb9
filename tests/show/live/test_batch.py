"""The figures of a batch's progress against hand-computed values, and the two ways to show them."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest

from tests.show.outcomes import cut_outcome
from tests.show.screen import Clock, Screen, Wire
from thinkcap.engine.core import Step
from thinkcap.engine.outcome import Outcome
from thinkcap.runs.result import Result
from thinkcap.show.live.batch_bar import BatchBar
from thinkcap.show.live.batch_progress import BatchProgress
from thinkcap.show.live.batch_view import BatchLog, BatchView, choose_batch_view
from thinkcap.show.wording import duration


def written(file: io.TextIOWrapper) -> str:
    file.flush()
    raw = file.buffer
    assert isinstance(raw, io.BytesIO)
    return raw.getvalue().decode()


def step(seconds: float, sampled: int, active: int = 4) -> Step:
    return Step(active, 10, sampled, sampled, seconds, seconds)


def result(correct: bool | None = None) -> Outcome:
    return replace(cut_outcome(), correct=correct)


def failed(error: str) -> Result:
    return Result.from_dict(cut_outcome().to_dict() | {"error": error})


def test_rate_time_left_and_accuracy() -> None:
    progress = BatchProgress(total=20, done=8, graded=8, correct=2)
    assert (progress.rate, progress.seconds_left, progress.accuracy) == (None, None, 0.25)
    for second in range(31):
        progress.step(step(second, 100 * second))
    assert progress.rate == 100
    assert progress.seconds_left is None
    progress.result(result(True))
    progress.result(result(False))
    progress.result(result(None))
    assert progress.done == 11
    assert progress.seconds_left == 9 * 30 / 3
    assert progress.accuracy == 0.3
    progress.result(failed("too long"))
    assert progress.figures() == "100 tok/s · 4 at once · 1 min 20 s left · 30.0 % correct · 1 failed"


def test_the_rate_is_of_the_last_seconds() -> None:
    progress = BatchProgress(total=1)
    for second, sampled in ((0, 0), (5, 5000), (20, 5150), (25, 5200)):
        progress.step(step(second, sampled))
    assert progress.rate == 10


def test_nothing_graded_shows_no_accuracy() -> None:
    progress = BatchProgress(total=2)
    progress.step(step(1, 10, active=1))
    progress.step(step(2, 20, active=1))
    progress.result(result(None))
    assert progress.figures() == "10.0 tok/s · 2 s left"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.4, "0 s"), (59.6, "1 min"), (200, "3 min 20 s"), (7500, "2 h 5 min"), (273_600, "3 d 4 h")],
)
def test_durations_are_in_two_units(seconds: float, said: str) -> None:
    assert duration(seconds) == said


def test_lines_come_every_half_minute() -> None:
    clock, file = Clock(), io.TextIOWrapper(io.BytesIO(), "utf-8")
    lines = BatchLog(BatchProgress(total=3), file, clock)
    for second in range(0, 100, 5):
        clock.now = second
        lines.step(step(second, 10 * second))
    lines.result(result(True))
    assert written(file) == ("0 of 3 done · 10.0 tok/s · 4 at once\n" * 3)


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return Wire(Screen(80), tty=True)


def test_the_bar_fills_and_stays_behind_whole(wire: Wire) -> None:
    clock = Clock()
    with BatchBar(BatchProgress(total=4), wire, clock) as bar:
        assert wire.screen.rows[0].endswith(" 0/4")
        assert wire.screen.rows[1] == "reading the first prompts"
        for second in range(1, 5):
            clock.now = second
            bar.step(step(second, 100 * second))
            bar.result(result(True))
            assert wire.screen.rows[0].endswith(f" {second - 1}/4")  # a frame a tenth of a second
            assert len(wire.screen.rows) == 2
        assert wire.screen.rows[1] == "100 tok/s · 4 at once · 1 s left · 100.0 % correct"
    assert wire.screen.text.count("━") > 70
    assert wire.screen.rows[0].endswith(" 4/4")
    assert len(wire.screen.text.splitlines()) == 1


def test_a_frame_of_the_bar_is_one_write_that_hides_nothing(wire: Wire) -> None:
    with BatchBar(BatchProgress(total=4), wire, Clock()) as bar:
        wire.writes.clear()
        bar.step(step(1, 100))
        assert len([text for text in wire.writes if text]) == 1
    assert "\x1b[?25l" not in "".join(wire.writes)


def test_the_view_suits_the_stream(wire: Wire) -> None:
    assert isinstance(choose_batch_view(BatchProgress(1), wire), BatchBar)
    for view in (
        choose_batch_view(BatchProgress(1), wire, log=True),
        choose_batch_view(BatchProgress(1), Wire(Screen(80))),
    ):
        assert isinstance(view, BatchLog)
    assert type(choose_batch_view(BatchProgress(1), Wire(Screen(80)), lines=False)) is BatchView
