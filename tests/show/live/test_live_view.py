"""The live view against a small terminal of our own; test_terminal.py runs the command in a real one."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from functools import partial

import pytest

import thinkcap
from tests.show.screen import Clock, Screen, Wire
from thinkcap.engine.engine import Engine
from thinkcap.engine.events import Answered, Closed, Event, Finished, Started, Thought
from thinkcap.engine.outcome import Outcome
from thinkcap.show.live.live_view import LiveView
from thinkcap.show.live.meter import Meter
from thinkcap.show.live.region import Region
from thinkcap.show.live.token_bar import GenerationProgress, token_bar


def columns_of(screen: Screen, _region: Region) -> int:
    return screen.columns


@pytest.fixture
def columns(monkeypatch: pytest.MonkeyPatch, screen: Screen) -> None:
    """Makes the view see the screen's width, also after it is resized."""
    monkeypatch.setattr(Region, "columns", property(partial(columns_of, screen)))


@pytest.fixture
def wire(screen: Screen, columns: None, monkeypatch: pytest.MonkeyPatch) -> Wire:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    return Wire(screen)


def test_a_generation_leaves_thought_solution_and_figures(
    screen: Screen, wire: Wire, events: list[Event], outcome: Outcome
) -> None:
    clock = Clock()
    with LiveView(wire, clock) as view:
        view.status("loading abacus")
        assert screen.text == "loading abacus"
        view.begin(0, 1)
        for event in events:
            clock.now += 0.1
            view.show(event)
        view.conclude(outcome.graded("1262", True))
    assert screen.text.splitlines() == [
        "384 + 297 = 681",
        "── cut at the budget ──",
        "The answer is \\boxed{1262}.",
        "",
        "answer 1262, correct · thinking 64/64, cut at the budget, 0.08 s, 800 tok/s",
        "injected 1 · solution 14, complete, 0.02 s, 700 tok/s",
    ]
    assert screen.cursor == (6, 0)


def test_the_bar_is_below_and_the_cursor_at_the_end_of_the_text(
    screen: Screen, wire: Wire, events: list[Event]
) -> None:
    clock = Clock()
    view = LiveView(wire, clock)
    for event in events[:4]:
        clock.now += 0.3
        view.show(event)
    assert screen.rows[0] == "384 + 297"
    assert screen.rows[1].startswith("thinking ━━─")
    assert screen.cursor == (0, len("384 + 297"))


def test_no_more_than_twenty_frames_a_second(screen: Screen, wire: Wire) -> None:
    clock = Clock()
    with LiveView(wire, clock) as view:
        view.show(Started(10, 5000, True))
        for token in range(1, 2001):
            clock.now += 0.001
            view.show(Thought("word ", token))
        assert len(wire.writes) <= 2.0 * 20 + 2
    assert "".join(screen.rows).count("word") == 2000


def test_real_text_in_wide_characters_is_whole(smollm: Engine, screen: Screen, wire: Wire) -> None:
    screen.resize(23)
    clock = Clock()
    with LiveView(wire, clock) as view:
        view.begin(0, 1)
        for event in smollm.stream("🎉" * 12, 23, solution_budget=16, temperature=0.6):
            clock.now += 0.1
            view.show(event)
        assert isinstance(event, Finished)
        view.conclude(event.outcome)
    shown = "".join(screen.text.split())
    assert event.outcome.rolled_back_tokens
    assert "".join(event.outcome.thinking.split()) in shown
    assert "".join(event.outcome.solution.split()) in shown


def test_leaving_in_mid_thought_keeps_the_text_and_takes_the_bar(
    screen: Screen, wire: Wire, events: list[Event]
) -> None:
    with contextlib.suppress(KeyboardInterrupt), LiveView(wire, Clock()) as view:
        for event in events[:4]:
            view.show(event)
        raise KeyboardInterrupt
    assert screen.text == "384 + 297"
    assert screen.cursor == (1, 0)


def test_the_terminals_own_echo_of_ctrl_c_leaves_no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    for length in range(60, 80):
        screen = Screen(80)
        monkeypatch.setattr(Region, "columns", property(partial(columns_of, screen)))
        clock = Clock()
        with LiveView(Wire(screen), clock) as view:
            view.show(Started(10, 300, True))
            clock.now += 1
            view.show(Thought("a" * length, 1))
            screen.feed("^C")
            view.show(Closed("interrupted", 300, 0, 3.0))
        assert "".join(screen.text.split("\n")) == "a" * length + "── interrupted ──"


@pytest.mark.parametrize("after", [20, 33, 40, 79, 120])
def test_a_resized_terminal_is_left_with_text_alone(screen: Screen, wire: Wire, outcome: Outcome, after: int) -> None:
    clock = Clock()
    words = [f"w{number}" for number in range(300)]
    with LiveView(wire, clock) as view:
        view.show(Started(10, 300, True))
        for number, word in enumerate(words):
            if number in (100, 200):
                screen.resize(after if number == 100 else 80)
            clock.now += 0.06
            view.show(Thought(word + " ", number))
        view.show(Closed("natural", 300, 0, 3.0))
    assert " ".join(" ".join(screen.lines).split()) == " ".join(words) + " ── stopped by itself ──"


def test_wide_characters_on_a_terminal_of_twenty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen(20)
    monkeypatch.setattr(Region, "columns", property(partial(columns_of, screen)))
    clock = Clock()
    text = "数学の問題を解く。まず、三つの数を足す。" * 5
    with LiveView(Wire(screen), clock) as view:
        view.show(Started(10, 300, True))
        for number, character in enumerate(text):
            clock.now += 0.06
            view.show(Thought(character, number))
    assert "".join(screen.text.split()) == text


def test_no_color_means_no_style_at_all(
    screen: Screen, wire: Wire, monkeypatch: pytest.MonkeyPatch, events: list[Event], outcome: Outcome
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    with LiveView(wire, Clock()) as view:
        for event in events:
            view.show(event)
        view.conclude(outcome)
    assert screen.styles == set()
    assert "answer 1262" in screen.text


def test_with_colour_the_thought_is_dim_and_the_solution_is_not(
    screen: Screen, wire: Wire, events: list[Event]
) -> None:
    with LiveView(wire, Clock()) as view:
        for event in events:
            view.show(event)
    assert "\x1b[2m384 + 297 = 681" in "".join(wire.writes)
    assert "\nThe answer is \\boxed{1262}." in "".join(wire.writes)


def test_samples_are_headed_and_counted(screen: Screen, wire: Wire, events: list[Event], outcome: Outcome) -> None:
    clock = Clock()
    with LiveView(wire, clock) as view:
        for sample in range(2):
            view.begin(sample, 2)
            for event in events:
                view.show(event)
            view.conclude(replace(outcome, sample=sample))
        view.total([outcome, outcome])
    assert screen.rows[0] == "── sample 1 of 2 ──"
    assert "── sample 2 of 2 ──" in screen.rows
    assert screen.rows[-2] == "── answers of 2 samples: 1262 ×2 ──"


def test_a_meter_leaves_nothing_behind(screen: Screen, wire: Wire, events: list[Event]) -> None:
    clock = Clock()
    meter = Meter(wire, clock)
    meter.status("loading")
    meter.begin(0, 1)
    seen = set()
    for event in events:
        clock.now += 0.1
        meter.show(event)
        seen.add(screen.text.split(" ")[0])
    meter.close()
    assert seen == {"reading", "thinking", "solution"}
    assert screen.text == ""
    assert screen.cursor == (0, 0)


def test_a_terminal_without_unicode_gets_ascii_ornaments(
    screen: Screen, wire: Wire, events: list[Event], outcome: Outcome
) -> None:
    with LiveView(Wire(screen, "ascii"), Clock()) as view:
        for event in events:
            view.show(event)
        view.conclude(outcome)
    assert screen.text.isascii()
    assert "-- cut at the budget --" in screen.rows


def test_the_solution_alone_can_be_all_there_is(screen: Screen, wire: Wire, outcome: Outcome) -> None:
    with LiveView(wire, Clock()) as view:
        view.show(Started(10, 0, True))
        view.show(Closed("budget", 0, 1, 0.0))
        view.show(Answered("\n7", 1))
        view.show(Finished(outcome))
    assert screen.text == "7"


def test_a_frame_is_one_write_and_one_sequence_for_cells_of_one_style(wire: Wire) -> None:
    LiveView(wire, Clock()).show(Thought("a thought", 50))
    (frame,) = wire.writes
    assert frame.startswith("\x1b[?2026h")
    assert frame.endswith("\x1b[?2026l")
    assert frame.count("\x1b") < 20


@pytest.mark.parametrize("limit", [100, None])
def test_the_bar_takes_a_sequence_for_each_stretch(limit: int | None) -> None:
    progress = GenerationProgress()
    progress.see(Started(10, limit or 1000, limit is not None), 0.0)
    progress.see(Thought("a", 50), 1.0)
    assert len(token_bar(progress, 79).spans) <= 6


def test_a_thought_that_goes_on_is_shown_from_where_it_was_cut(
    screen: Screen, wire: Wire, events: list[Event], outcome: Outcome, abacus: thinkcap.Engine
) -> None:
    request = abacus.more_request(abacus.solve("What is 384 + 297 + 581?", 16), 64)
    with LiveView(wire, Clock()) as view:
        view.begin(0, 1)
        for event in events:
            view.show(event)
        view.conclude(outcome)
        view.resume(request)
        view.show(Thought("and so on", 65))
        view.show(Closed("natural", 65, 0, 0.1))
        view.show(Finished(outcome))
    assert screen.text.splitlines()[-3:] == [
        "── thinking on from 16 to 64 tokens ──",
        "and so on",
        "── stopped by itself ──",
    ]
