"""What results took, and what votes cost against single thoughts, against values computed by hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.runs.results import result
from thinkcap.grading import Grader
from thinkcap.runs.cost import Cost, cost_of
from thinkcap.runs.groups import group
from thinkcap.runs.methods import methods
from thinkcap.runs.metrics import maj_at_k, measure

NATURAL: dict[str, Any] = {"stop_reason": "natural", "thinking_tokens": 85, "injected_tokens": 0, "solution_tokens": 12}


def test_a_shared_thought_counts_once_and_every_answer_of_its_own() -> None:
    assert cost_of([result()]) == Cost(64, 1, 10, 0)
    assert cost_of([result(thinking=16), result(thinking=32), result()]) == Cost(64, 3, 30, 0)
    assert cost_of([result(thinking=0), result(thinking=16, reply=0), result(thinking=16, reply=1)]).total == 16 + 33


def test_budgets_past_the_natural_close_take_nothing() -> None:
    shared = [result(thinking=budget, shared=True, **NATURAL) for budget in (128, 256)]
    trunk = result(thinking=None, **NATURAL)
    assert cost_of([result(thinking=32), *shared, trunk]) == Cost(85, 1, 10 + 12)
    assert cost_of(shared) == Cost(85, 0, 12)
    assert cost_of([shared[0], result(thinking=16)]) == Cost(85, 1, 22)


def test_samples_prompts_and_problems_have_thoughts_of_their_own() -> None:
    assert cost_of([result(sample=0), result(sample=1)]).total == 150
    assert cost_of([result("1"), result("2")]).total == 150
    told = [result(thinking=n, prompt_text=f"What is 1 + 1? Think for maximum {n} tokens.") for n in (32, 64)]
    assert cost_of(told).total == 32 + 64 + 22


def test_soft_forks_pay_for_the_stretch_that_leads_up_to_them() -> None:
    budget = {"solution": 100, "style": "soft", "prompt_mode": "none"}
    fork = result(thinking=50, budget=budget | {"thinking": 50})  # 45 tokens shared, then 5 of its own
    trunk = result(thinking=100, budget=budget | {"thinking": 100})
    assert cost_of([fork, trunk]).thinking == 105
    early = result(thinking=50, budget=budget | {"thinking": 50}, thinking_tokens=47, stop_reason="natural")
    assert cost_of([early, trunk]).thinking == 102


def test_answers_that_thinkcap_began_count_and_what_could_not_run_does_not() -> None:
    assert cost_of([result(probe_tokens=30)]) == Cost(64, 1, 10, 30)
    assert measure([result(probe_tokens=30)]).total_tokens == 105
    assert cost_of([result(error="too long")]) == Cost()


def test_all_answers_of_a_thought_vote() -> None:
    labels, correct = [0, 1, 1, 0, 0, 2], [True, False, False, True, True, False]
    thoughts = [[0, 1, 2], [3, 4, 5]]
    # The first thought alone votes for the wrong answer, the second and both together for the right one.
    assert maj_at_k(labels, correct, 1, thoughts=thoughts) == 0.5
    assert maj_at_k(labels, correct, 2, thoughts=thoughts) == 1.0


@pytest.fixture(scope="module")
def grader() -> Iterator[Grader]:
    with Grader() as grader:
        yield grader


def test_votes_are_compared_with_single_thoughts_at_their_cost(grader: Grader) -> None:
    wrong: dict[str, Any] = {"answer": "3", "correct": False}
    results = [
        *(result("1", sample, **({} if sample < 3 else wrong)) for sample in range(4)),  # right in 3 of 4
        *(result("2", sample, **(wrong if sample else {})) for sample in range(4)),  # right in 1 of 4
    ]
    found = methods(group(results), grader)
    assert [(method.name, method.tokens) for method in found] == [("one thought", 75), ("maj@2", 150), ("maj@4", 300)]
    assert [method.accuracy.value for method in found] == [0.5, 0.75, 0.5]
    # maj@2 goes to the sample seen first: of 6 pairs, problem 1 wins all, as its wrong one comes last; problem 2 wins
    # the 3 that hold its first.
    assert maj_at_k([0, 0, 0, 1], [True, True, True, False], 2) == 1.0


def test_depths_of_a_thought_are_one_method(grader: Grader) -> None:
    run: dict[str, Any] = {"run": {"depths": 2, "answers": 2, "budget": {"thinking": 64}}}
    wrong: dict[str, Any] = {"answer": "3", "correct": False}
    results = [
        result("1", thinking=32, **run, **wrong),
        result("1", thinking=32, reply=1, **run, **wrong),
        result("1", **run),
        result("1", reply=1, **run),
        *(result("2", thinking=thinking, reply=reply, **run) for thinking in (32, 64) for reply in (0, 1)),
    ]
    (method,) = methods(group(results), grader)
    assert (method.name, method.settings["thinking"], method.thoughts) == ("2 depths × 2 answers", 64, 1)
    assert method.tokens == 64 + 4 * 11
    assert method.accuracy.value == 1.0  # two votes each: the longest thought's were seen first
    assert len(group(results)) == 2


def test_depths_of_thoughts_of_different_lengths_are_different_methods(grader: Grader) -> None:
    def run(whole: int) -> dict[str, Any]:
        return {"run": {"depths": 2, "answers": 1, "budget": {"thinking": whole}}}

    results = [result(thinking=depth, **run(whole)) for whole in (64, 128) for depth in (whole // 2, whole)]
    assert len(group(results)) == 4
    found = methods(group(results), grader)
    assert [(method.settings["thinking"], method.tokens) for method in found] == [(64, 64 + 22), (128, 128 + 22)]


def test_problems_without_verdicts_judge_no_vote(grader: Grader) -> None:
    assert methods(group([result(sample=sample, correct=None, expected=None) for sample in range(2)]), grader) == []


def test_the_vote_over_all_samples_is_there_whatever_their_number(grader: Grader) -> None:
    results = [result(problem, sample) for problem in "12" for sample in range(3)]
    assert [method.name for method in methods(group(results), grader)] == ["one thought", "maj@2", "maj@3"]
