from __future__ import annotations

from dataclasses import replace

from thinkcap.engine.budget import Budget
from thinkcap.engine.outcome import Outcome, Seconds
from thinkcap.show.live.summary import summary_line, tally


def test_the_line_says_every_figure(outcome: Outcome) -> None:
    assert summary_line(outcome) == (
        "answer 1262 · thinking 64/64, cut at the budget, 0.08 s, 800 tok/s · injected 1 · "
        "solution 14, complete, 0.02 s, 700 tok/s"
    )


def test_the_verdict_comes_with_the_answer(outcome: Outcome) -> None:
    assert summary_line(outcome.graded("1262", True)).startswith("answer 1262, correct · ")
    assert summary_line(outcome.graded("5", False)).startswith("answer 1262, wrong: expected 5 · ")


def test_no_answer_is_said(outcome: Outcome) -> None:
    none = replace(outcome, answer=None)
    assert summary_line(none).startswith("no answer · ")
    assert summary_line(none.graded("5", False)).startswith("no answer, wrong: expected 5 · ")


def test_without_a_budget_there_is_no_limit_to_name(outcome: Outcome) -> None:
    line = summary_line(replace(outcome, budget=Budget(thinking=None), stop_reason="natural"))
    assert "thinking 64, stopped by itself" in line


def test_no_thought_has_no_rate(outcome: Outcome) -> None:
    line = summary_line(replace(outcome, budget=Budget(0), thinking_tokens=0, seconds=Seconds()))
    assert "thinking 0/0, cut at the budget, 0.00 s · " in line


def test_what_was_taken_over_is_said_and_not_in_the_rate(outcome: Outcome) -> None:
    line = summary_line(replace(outcome, resumed_tokens=24))
    assert "thinking 64/64, 24 of them kept, cut at the budget, 0.08 s, 500 tok/s" in line


def test_an_answer_cannot_break_the_line(outcome: Outcome) -> None:
    line = summary_line(replace(outcome, answer="1\n\x1b[2J2" + "x" * 500))
    assert "\n" not in line
    assert "\x1b" not in line
    assert len(line) < 200


def test_samples_are_counted(outcome: Outcome) -> None:
    right, wrong = outcome.graded("1262", True), outcome.graded("1262", False)
    assert tally([right, wrong, right]) == "2 of 3 samples correct"
    other = replace(outcome, answer=None)
    assert tally([outcome, other, outcome]) == "answers of 3 samples: 1262 ×2, none ×1"
