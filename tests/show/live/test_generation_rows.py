from __future__ import annotations

from dataclasses import replace

from rich.text import Text

from thinkcap.engine.budget import Budget
from thinkcap.engine.events import Answered, Closed, ForkFinished, Started, Thought
from thinkcap.engine.outcome import Outcome
from thinkcap.show.live.generation_rows import GenerationRows, answer_row, summary_rows


def plain(rows: list[Text]) -> list[str]:
    return [row.plain for row in rows]


def test_rows_become_final_as_the_thought_fills_them() -> None:
    rows = GenerationRows(10)
    assert rows.see(Started(10, 64, True), 0.0) == []
    assert plain(rows.see(Thought("the quick ", 2), 0.1)) == []
    assert rows.row().plain == "the quick"
    assert plain(rows.see(Thought("brown", 3), 0.2)) == ["the quick"]
    assert rows.row().plain == "brown"


def test_a_closed_thought_is_set_apart_from_the_solution(outcome: Outcome) -> None:
    rows = GenerationRows(40)
    rows.see(Thought("hm", 64), 0.1)
    assert plain(rows.see(Closed("budget", 64, 1, 0.1), 0.2)) == ["hm", "── cut at the budget ──"]
    assert rows.row().plain == ""
    rows.see(Answered("\n\nIt is 7.", 4), 0.3)
    assert rows.row().plain == "It is 7."


def test_no_thought_leaves_no_rule() -> None:
    rows = GenerationRows(40)
    assert rows.see(Closed("budget", 0, 1, 0.0), 0.2) == []


def test_thought_solution_and_injected_text_look_different() -> None:
    rows = GenerationRows(40)
    rows.see(Thought("hm ", 1), 0.1)
    rows.see(Thought("Wait", 1, injected=True), 0.1)
    assert [str(span.style) for span in rows.row().spans] == ["dim", "dim yellow"]
    rows.see(Closed("budget", 1, 1, 0.0), 0.2)
    rows.see(Answered("7", 1), 0.3)
    assert rows.row().spans == []


def test_a_thought_is_marked_where_it_forks(outcome: Outcome) -> None:
    rows = GenerationRows(12, marks=[4, 0, 2, 1024])
    for tokens, text in enumerate(["one ", "two ", "three ", "four ", "five"], 1):
        rows.see(ForkFinished(outcome), 0.1)
        rows.see(Thought(text, tokens), 0.1)
    assert rows.row().plain == "four ‹4›five"
    assert plain(rows.see(Closed("natural", 5, 0, 0.1), 0.2)) == ["four ‹4›five", "stopped by …"]
    early = GenerationRows(40, marks=[0, 2])
    early.see(Thought("one ", 1), 0.1)
    early.see(Thought("three", 3), 0.1)  # two tokens that end in one character
    assert early.row().plain == "‹0›one ‹2›three"


def test_the_answer_of_a_fork_is_one_row_with_its_mark(outcome: Outcome) -> None:
    fork = replace(outcome, budget=Budget(2048), answer="7", expected="8", correct=False)
    assert answer_row(fork, 60).plain == "  ‹2k› answer 7, wrong: expected 8"
    assert answer_row(fork, 20).plain == "  ‹2k› answer 7, wr…"
    assert answer_row(replace(fork, answer=None, correct=None), 60).plain == "  ‹2k› no answer"


def test_model_text_cannot_steer_the_terminal() -> None:
    rows = GenerationRows(40)
    rows.see(Thought("a\x1b]0;owned\x07\x1b[2Jb\rc", 1), 0.1)
    assert rows.row().plain == "a]0;owned[2Jbc"


def test_a_narrower_rows_breaks_the_growing_row() -> None:
    rows = GenerationRows(30)
    rows.see(Thought("one two three four", 4), 0.1)
    assert plain(rows.resize(10)) == ["one two"]
    assert rows.row().plain == "three four"


def test_figures_stand_on_one_row_where_they_fit(outcome: Outcome) -> None:
    assert len(summary_rows(outcome, 139)) == 1
    assert plain(summary_rows(outcome, 79)) == [
        "answer 1262 · thinking 64/64, cut at the budget, 0.08 s, 800 tok/s · injected 1",
        "solution 14, complete, 0.02 s, 700 tok/s",
    ]


def test_figures_fit_any_width(outcome: Outcome) -> None:
    for width in range(4, 200):
        for row in summary_rows(outcome, width):
            assert row.cell_len <= width
