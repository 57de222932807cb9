from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from thinkcap.engine.events import Answered, Closed, Started, Thought
from thinkcap.show.live.token_bar import GenerationProgress, token_bar


def progress(limit: int | None, tokens: int, seconds: float = 2.0) -> GenerationProgress:
    """After the first token at 10 s and `tokens` of them at 10 s + seconds."""
    state = GenerationProgress()
    state.see(Started(prompt_tokens=30, thinking_limit=limit or 32000, budgeted=limit is not None), 9.0)
    if tokens:
        state.see(Thought("a", 1), 10.0)
        state.see(Thought("b", tokens), 10.0 + seconds)
    return state


def test_the_bar_fills_with_the_budget() -> None:
    empty, half, full = (token_bar(progress(100, tokens), 79).plain for tokens in (1, 50, 100))
    assert "━" not in empty
    assert half.count("━") == half.count("─") or abs(half.count("━") - half.count("─")) == 1
    assert "─" not in full
    assert " 50/100 · 24.5 tok/s" in half


def test_the_bar_does_not_jump_about() -> None:
    starts = {
        token_bar(progress(1000, tokens, seconds), 79).plain.index("/1000")
        for tokens in (1, 9, 99, 999)
        for seconds in (0, 2)
    }
    assert len(starts) == 1


def test_without_a_budget_there_is_a_count_and_no_end() -> None:
    rows = [token_bar(progress(None, tokens), 79).plain for tokens in (10, 20, 30)]
    assert "20 tokens" in rows[1]
    assert all("/" not in row.replace("tok/s", "") for row in rows)
    assert len({row.index("━") for row in rows}) > 1


@given(st.integers(1, 160), st.one_of(st.none(), st.integers(1, 10**6)), st.integers(0, 10**6))
def test_the_bar_fits_any_width(width: int, limit: int | None, tokens: int) -> None:
    state = progress(limit, min(tokens, limit or tokens))
    assert token_bar(state, width).cell_len <= width


def test_a_terminal_of_twenty_columns_sees_count_and_bar() -> None:
    row = token_bar(progress(1024, 512), 19).plain
    assert "512/1024" in row
    assert "━" in row


def test_phases_are_told_apart() -> None:
    state = GenerationProgress()
    state.see(Started(212, 1024, True), 0.0)
    assert token_bar(state, 79).plain == "reading the prompt, 212 tokens"
    state.see(Thought("a", 1), 1.0)
    assert token_bar(state, 79).plain.startswith("thinking")
    state.see(Closed("natural", 1, 0, 0.1), 2.0)
    state.see(Answered("a", 40), 4.0)
    assert token_bar(state, 79).plain == "solution 40 tokens · 20.0 tok/s"


def test_a_rate_is_not_guessed_from_the_first_moments() -> None:
    assert "tok/s" not in token_bar(progress(100, 50, seconds=0.01), 79).plain
