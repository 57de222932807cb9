from __future__ import annotations

import pytest

from thinkcap.engine.budget import Budget
from thinkcap.engine.profile import Profile, Sampling
from thinkcap.engine.request import resolve
from thinkcap.errors import UsageError

PLAIN = Profile(name="plain", thinking=100, solution=50, sampling=Sampling(0.7, 0.9))
L1 = Profile(
    name="l1",
    prompt="{problem}\n\nLet's think step by step and output the final answer within \\boxed{}.{length}",
    length_max=" Think for maximum {n} tokens.",
    length_exact=" Think for {n} tokens.",
    prompt_mode="max",
)


def test_what_is_not_said_comes_from_the_profile() -> None:
    request = resolve(PLAIN, "1 + 1?")
    assert request.budget == Budget(100, 50)
    assert (request.settings.temperature, request.settings.top_p) == (0.7, 0.9)
    assert request.prompt_text == "1 + 1?"


def test_what_is_said_wins() -> None:
    request = resolve(PLAIN, "1 + 1?", None, solution_budget=7, temperature=0.0, cut_style="soft", time_limit=2.0)
    assert request.budget == Budget(None, 7, time_limit=2.0)
    assert (request.settings.temperature, request.settings.top_p) == (0.0, 0.9)
    assert request.settings.cut_style == "soft"


def test_a_whole_budget_keeps_what_the_options_leave() -> None:
    assert resolve(PLAIN, "x", Budget(5, 6), min_thinking=3).budget == Budget(5, 6, min_thinking=3)


def test_the_prompt_tells_the_budget_where_the_model_is_trained_for_it() -> None:
    told = "2 + 2?\n\nLet's think step by step and output the final answer within \\boxed{}."
    assert resolve(L1, "2 + 2?", 512).prompt_text == f"{told} Think for maximum 512 tokens."
    assert resolve(L1, "2 + 2?", 512, prompt_mode="exact").prompt_text == f"{told} Think for 512 tokens."
    assert resolve(L1, "2 + 2?", 512, prompt_mode="none").prompt_text == told
    assert resolve(L1, "2 + 2?", None).prompt_text == told
    assert resolve(L1, "2 + 2?", 0).settings.prompt_mode == "none"


@pytest.mark.parametrize(
    ("words", "mode"), [("Think for 300 tokens.", "exact"), ("Think for maximum 300 tokens.", "max")]
)
def test_a_problem_in_the_models_own_form_sets_its_budget(words: str, mode: str) -> None:
    instruction = "Let's think step by step and output the final answer within \\boxed{}."
    for problem in (f"2 + 2?\n\n{instruction} {words}", f"2 + 2? {words}"):
        request = resolve(L1, problem)
        assert request.budget.thinking == 300
        assert request.settings.prompt_mode == mode
        assert request.prompt_text == f"2 + 2?\n\n{instruction} {words}"
        assert request.problem == problem


def test_a_given_budget_wins_over_the_problems_words() -> None:
    request = resolve(L1, "2 + 2? Think for 300 tokens.", 64)
    assert request.budget.thinking == 64
    assert request.prompt_text.count("Think for") == 1
    assert request.prompt_text.endswith("Think for 64 tokens.")


def test_braces_in_a_problem_stay_as_they_are() -> None:
    problem = "What is {n} in {problem} of \\frac{1}{2}{length}?"
    assert resolve(L1, problem, 9).prompt_text.startswith(problem)


@pytest.mark.parametrize("problem", ["", "  \n\t", "Think for 5 tokens."])
def test_an_empty_problem_is_refused(problem: str) -> None:
    with pytest.raises(UsageError):
        resolve(PLAIN, problem)


@pytest.mark.parametrize(
    "options",
    [
        {"temperature": -0.1},
        {"temperature": float("nan")},
        {"temperature": float("inf")},
        {"top_p": 0.0},
        {"top_p": 1.1},
        {"top_k": -1},
        {"min_p": 1.5},
        {"cut_style": "rough"},
        {"prompt_mode": "loud"},
        {"seed": -1},
        {"solution_budget": 0},
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        resolve(PLAIN, "x", **options)  # type: ignore[arg-type]
