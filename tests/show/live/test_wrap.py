from __future__ import annotations

from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len

from thinkcap.show.live.wrap import Wrapper


def rows_of(width: int, pieces: list[str]) -> list[str]:
    wrapper = Wrapper(width)
    rows = [row for piece in pieces for row in wrapper.feed(piece)]
    return [row.plain for row in rows + wrapper.finish()]


TEXT = st.text(st.sampled_from("ab cd\n 汉é\t,.👩"), max_size=120)


def test_words_move_to_the_next_row_whole() -> None:
    assert rows_of(10, ["the quick brown fox"]) == ["the quick", "brown fox"]


def test_a_word_longer_than_a_row_is_broken() -> None:
    assert rows_of(5, ["abcdefghijkl mn"]) == ["abcde", "fghij", "kl mn"]


def test_wide_characters_count_two_cells() -> None:
    assert rows_of(5, ["汉字汉字"]) == ["汉字", "汉字"]


def test_blank_rows_stay_inside_and_go_at_the_edges() -> None:
    assert rows_of(20, ["\n\n first\n\n\nsecond  \n\n"]) == ["first", "", "", "second"]


def test_spaces_at_the_end_of_a_row_hang_over_the_edge() -> None:
    assert rows_of(4, ["abcd    efgh"]) == ["abcd", "efgh"]


def test_indentation_stays() -> None:
    assert rows_of(20, ["a\n    b\n\tc"]) == ["a", "    b", "    c"]


@given(TEXT, st.integers(2, 30), st.lists(st.integers(0, 120), max_size=8))
@example("aaaa 汉", 5, [])
def test_rows_do_not_depend_on_the_pieces(text: str, width: int, cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(text)]
    pieces = [text[a:b] for a, b in pairwise(edges)]
    assert rows_of(width, pieces) == rows_of(width, [text])


@given(TEXT, st.integers(2, 30))
def test_rows_fit_and_no_visible_character_is_lost(text: str, width: int) -> None:
    rows = rows_of(width, [text])
    assert all(cell_len(row) <= width for row in rows)
    assert "".join("".join(rows).split()) == "".join(text.split())


@given(TEXT, TEXT, st.integers(2, 30), st.integers(2, 30))
def test_resizing_goes_on_at_the_new_width_and_loses_nothing(before: str, after: str, first: int, second: int) -> None:
    wrapper = Wrapper(first)
    rows = [row.plain for row in wrapper.feed(before)]
    resized = [*wrapper.resize(second), *wrapper.feed(after), *wrapper.finish()]
    assert all(row.cell_len <= second for row in resized)
    shown = "".join(rows + [row.plain for row in resized])
    assert "".join(shown.split()) == "".join((before + after).split())


def test_styles_follow_their_text() -> None:
    wrapper = Wrapper(20)
    wrapper.feed("so far ", "dim")
    wrapper.feed("Wait", "yellow")
    (row,) = wrapper.finish()
    assert [(row.plain[span.start : span.end], span.style) for span in row.spans] == [
        ("so far ", "dim"),
        ("Wait", "yellow"),
    ]
