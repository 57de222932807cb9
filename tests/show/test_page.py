from thinkcap.engine.events import Answered, Closed, Started, Thought
from thinkcap.show.page import Page, figure_rows


def plain(rows):
    return [row.plain for row in rows]


def test_rows_become_final_as_the_thought_fills_them():
    page = Page(10)
    assert page.see(Started(10, 64, True), 0.0) == []
    assert plain(page.see(Thought("the quick ", 2), 0.1)) == []
    assert page.row().plain == "the quick"
    assert plain(page.see(Thought("brown", 3), 0.2)) == ["the quick"]
    assert page.row().plain == "brown"


def test_a_closed_thought_is_set_apart_from_the_solution(outcome):
    page = Page(40)
    page.see(Thought("hm", 64), 0.1)
    assert plain(page.see(Closed("budget", 64, 1, 0.1), 0.2)) == ["hm", "── cut at the budget ──"]
    assert page.row().plain == ""
    page.see(Answered("\n\nIt is 7.", 4), 0.3)
    assert page.row().plain == "It is 7."


def test_no_thought_leaves_no_rule():
    page = Page(40)
    assert page.see(Closed("budget", 0, 1, 0.0), 0.2) == []


def test_thought_solution_and_injected_text_look_different():
    page = Page(40)
    page.see(Thought("hm ", 1), 0.1)
    page.see(Thought("Wait", 1, injected=True), 0.1)
    assert [str(span.style) for span in page.row().spans] == ["dim", "dim yellow"]
    page.see(Closed("budget", 1, 1, 0.0), 0.2)
    page.see(Answered("7", 1), 0.3)
    assert page.row().spans == []


def test_model_text_cannot_steer_the_terminal():
    page = Page(40)
    page.see(Thought("a\x1b]0;owned\x07\x1b[2Jb\rc", 1), 0.1)
    assert page.row().plain == "a]0;owned[2Jbc"


def test_a_narrower_page_breaks_the_growing_row():
    page = Page(30)
    page.see(Thought("one two three four", 4), 0.1)
    assert plain(page.resize(10)) == ["one two"]
    assert page.row().plain == "three four"


def test_figures_stand_on_one_row_where_they_fit(outcome):
    assert len(figure_rows(outcome, 139)) == 1
    assert plain(figure_rows(outcome, 79)) == [
        "answer 1262 · thinking 64/64, budget, 0.08 s, 800 tok/s · injected 1",
        "solution 14, stop, 0.02 s, 700 tok/s",
    ]


def test_figures_fit_any_width(outcome):
    for width in range(4, 200):
        for row in figure_rows(outcome, width):
            assert row.cell_len <= width
