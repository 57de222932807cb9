"""Which field of a body decides on the budget, without a server."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thinkcap.engine.settings import FROM_ENTRY
from thinkcap.serve.budgets import BudgetFields
from thinkcap.serve.errors import HttpError

EFFORTS = {"minimal": 8, "low": 16, "medium": 32, "high": 64, "xhigh": None}
NUMBERS = ["thinking_budget_tokens", "reasoning_budget_tokens", "thinking_token_budget", "thinking_budget"]


def budget(**body: Any) -> Any:
    return BudgetFields.read(body).budget(EFFORTS).tokens


@given(st.integers(0, 100_000), st.sampled_from(NUMBERS), st.sampled_from([*EFFORTS, "none"]), st.booleans())
def test_numbers_win_over_levels_and_levels_over_switches(tokens: int, field: str, level: str, switch: bool) -> None:
    assert budget(**{field: tokens, "reasoning_effort": level, "enable_thinking": switch}) == tokens
    assert budget(reasoning_effort=level, enable_thinking=switch) == {"none": 0, **EFFORTS}[level]
    assert budget(enable_thinking=switch) == (FROM_ENTRY if switch else 0)


def test_nothing_said_is_the_entrys_budget() -> None:
    assert budget() is FROM_ENTRY
    assert budget(thinking_budget=None, reasoning={}, chat_template_kwargs={}) is FROM_ENTRY


@pytest.mark.parametrize("unlimited", [-1, "none", "unlimited"])
@pytest.mark.parametrize("field", NUMBERS)
def test_no_limit_has_several_spellings(field: str, unlimited: Any) -> None:
    assert budget(**{field: unlimited}) is None


@pytest.mark.parametrize(("think", "tokens"), [(0, 0), (1, 1), ("12", 12), ("low", 16), (True, FROM_ENTRY), (False, 0)])
def test_think_is_a_switch_a_level_or_a_number(think: Any, tokens: Any) -> None:
    assert budget(think=think) == tokens


@pytest.mark.parametrize(
    "body",
    [
        {"thinking_budget": 1, "thinking_token_budget": 2},
        {"reasoning_effort": "low", "reasoning": {"effort": "high"}},
        {"enable_thinking": True, "think": False},
        {"thinking": {"type": "disabled", "budget_tokens": 5}},
        {"thinking_budget": 1.0},
        {"thinking_budget": True},
        {"think": -7},
        {"think": "much"},
        {"reasoning": {"max_tokens": "1"}},
        {"reasoning": 5},
    ],
)
def test_contradictions_and_nonsense_are_refused(body: dict[str, Any]) -> None:
    with pytest.raises(HttpError) as caught:
        budget(**body)
    assert caught.value.status == 400
    assert caught.value.field
