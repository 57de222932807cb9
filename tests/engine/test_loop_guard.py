from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thinkcap.engine.loop_guard import LONGEST_CYCLE, MIN_REPEATS, MIN_TOKENS, LoopGuard


def first_repeat(tokens: list[int]) -> int | None:
    """How many tokens the guard takes to see a loop."""
    guard = LoopGuard()
    return next((count for count, token in enumerate(tokens, 1) if guard.repeats(token)), None)


def first_repeat_by_definition(tokens: list[int]) -> int | None:
    for count in range(MIN_TOKENS, len(tokens) + 1):
        for period in range(1, LONGEST_CYCLE + 1):
            span = max(MIN_REPEATS * period, MIN_TOKENS)
            tail = tokens[count - span : count] if span <= count else []
            if tail and all(tail[i] == tail[i - period] for i in range(period, span)):
                return count
    return None


@pytest.mark.parametrize("period", [1, 2, 7, 29, 30, 31, 100, 199, 200])
@pytest.mark.parametrize("before", [0, 5, 333])
def test_a_cycle_is_seen_after_four_rounds_and_120_tokens(period: int, before: int) -> None:
    head = [10_000 + i for i in range(before)]
    tokens = head + list(range(period)) * (800 // period + 4)
    assert first_repeat(tokens) == before + max(4 * period, 120)


def test_a_longer_cycle_is_no_loop() -> None:
    assert first_repeat(list(range(201)) * 10) is None


def test_three_rounds_are_no_loop() -> None:
    assert first_repeat(list(range(100)) * 3 + [5]) is None


@given(st.lists(st.integers(0, 1), max_size=40), st.integers(1, 40), st.data())
@settings(max_examples=60)
def test_agrees_with_the_definition(head: list[int], period: int, data: st.DataObject) -> None:
    cycle = data.draw(st.lists(st.integers(0, 1), min_size=period, max_size=period))
    broken = data.draw(st.integers(0, 300))
    tokens = head + (cycle * (300 // period + 1))[:300]
    if broken < 300:
        tokens[min(broken, len(tokens) - 1)] = 7
    assert first_repeat(tokens) == first_repeat_by_definition(tokens)
