"""A run's figures against values computed by hand, and what holds for any run."""

from __future__ import annotations

from itertools import pairwise
from math import comb
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.runs.results import result
from thinkcap.runs.intervals import wilson
from thinkcap.runs.metrics import avg_at_k, length_deviation, maj_at_k, measure, pass_at_k, total_tokens
from thinkcap.runs.result import Result


def sample(problem: str, number: int = 0, correct: bool | None = True, **fields: Any) -> Result:
    """A sample of a problem whose thought ended by itself."""
    budget = {"thinking": 100, "solution": 50, "prompt_mode": "none"}
    counts = {"thinking_tokens": 80, "injected_tokens": 0, "solution_tokens": 20, "stop_reason": "natural"}
    given = {"correct": correct, "expected": None, "answer": "1", "budget": budget, **counts, **fields}
    return result(problem, number, **given)


def test_pass_at_k_against_values_by_hand() -> None:
    assert pass_at_k(4, 1, 1) == 0.25
    assert pass_at_k(4, 1, 2) == 0.5  # three of the six pairs hold the right one
    assert pass_at_k(5, 2, 3) == pytest.approx(1 - 1 / 10)  # of ten triples one has neither
    assert pass_at_k(16, 0, 8) == 0
    assert pass_at_k(16, 9, 8) == 1
    assert pass_at_k(16, 3, 4) == pytest.approx(1 - 715 / 1820)


@given(st.data())
def test_pass_at_k_is_the_formula_and_grows_with_k(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 200))
    correct = data.draw(st.integers(0, n))
    values = [pass_at_k(n, correct, k) for k in range(1, n + 1)]
    assert values[0] == pytest.approx(correct / n)
    assert all(0 <= value <= 1 for value in values)
    assert all(after >= before for before, after in pairwise(values))
    product = 1.0  # the estimator as Chen et al. compute it
    for i in range(n - correct + 1, n + 1):
        product *= 1 - min(n, 7) / i
    assert pass_at_k(n, correct, min(n, 7)) == pytest.approx(1.0 if n - correct < min(n, 7) else 1 - product)


@pytest.mark.parametrize(("n", "correct", "k"), [(4, 5, 1), (4, -1, 1), (4, 1, 0), (4, 1, 5)])
def test_pass_at_k_refuses_what_it_is_not_defined_for(n: int, correct: int, k: int) -> None:
    with pytest.raises(ValueError, match=f"pass@{k}"):
        pass_at_k(n, correct, k)


def test_avg_at_k_against_values_by_hand() -> None:
    assert avg_at_k([[True, False, False, True], [False] * 4]).value == 0.25
    single = avg_at_k([[True], [False], [True], [True]])
    assert single == wilson(3, 4)


def test_maj_at_k_against_values_by_hand() -> None:
    labels, correct = [0, 1, 0, 1, 0], [True, False, True, False, True]
    assert maj_at_k(labels, correct, 5) == 1
    assert maj_at_k(labels, correct, 1) == pytest.approx(3 / 5)
    # Of ten triples: three 0s once, two 0s with one 1 six times, one 0 with two 1s three times.
    assert maj_at_k(labels, correct, 3) == pytest.approx(7 / 10)
    # Pairs: {0,0} three times; a tie goes to the first, which is a 0 in (0,1), (0,3), (2,3): six of ten.
    assert maj_at_k(labels, correct, 2) == pytest.approx(6 / 10)


def test_maj_at_k_does_not_let_missing_answers_vote() -> None:
    assert maj_at_k([None, None, None, 0], [False, False, False, True], 4) == 1
    assert maj_at_k([None, None], [False, False], 2) == 0


def test_maj_at_k_draws_subsets_where_there_are_too_many() -> None:
    labels, correct = [0] * 20 + [1] * 12, [True] * 20 + [False] * 12
    assert comb(32, 8) > 10_000_000
    value = maj_at_k(labels, correct, 8)
    assert value == maj_at_k(labels, correct, 8)
    wins = sum(comb(20, right) * comb(12, 8 - right) for right in range(5, 9)) / comb(32, 8)
    ties = comb(20, 4) * comb(12, 4) / comb(32, 8)
    assert wins < value < wins + ties


def test_tokens_and_lengths_against_values_by_hand() -> None:
    asked = {"thinking": 200, "prompt_mode": "max"}
    one = sample("a", thinking_tokens=120, injected_tokens=10, solution_tokens=30, budget=asked)
    assert total_tokens(one) == 160
    assert length_deviation(one) == pytest.approx(0.2)
    assert length_deviation(sample("a")) is None
    assert length_deviation(sample("a", budget={"thinking": None, "prompt_mode": "max"})) is None
    assert length_deviation(sample("a", budget={"thinking": 0, "prompt_mode": "exact"})) is None


def test_a_runs_figures_against_values_by_hand() -> None:
    asked = {"thinking": 100, "prompt_mode": "exact"}
    run = [
        sample("a", 0, True, thinking_tokens=100, injected_tokens=1, stop_reason="budget", budget=asked),
        sample("a", 1, False, thinking_tokens=60, budget=asked, answer=None),
        sample("b", 1, True, thinking_tokens=80, solution_tokens=10),
        sample("b", 0, True, thinking_tokens=40, solution_tokens=30, stop_reason="interrupted"),
        *(sample("c", n, None, expected="1", answer=None, error="The problem is too long.") for n in (0, 1)),
    ]
    metrics = measure(run, labels={"a": [0, None], "b": [0, 0], "c": [None, None]})
    assert (metrics.problems, metrics.samples, metrics.errors, metrics.k) == (3, 6, 2, 2)
    assert metrics.accuracy is not None
    assert metrics.accuracy.value == pytest.approx((0.5 + 1 + 0) / 3)
    assert metrics.pass_at[1].value == pytest.approx(metrics.accuracy.value)
    assert metrics.pass_at[2].value == pytest.approx(2 / 3)
    assert metrics.maj_at[2].value == pytest.approx(2 / 3)
    assert metrics.thinking_tokens == 70
    assert metrics.solution_tokens == 20
    assert metrics.total_tokens == pytest.approx((121 + 80 + 90 + 70) / 4)
    assert metrics.share_cut == 0.25
    assert metrics.share_answered == pytest.approx(3 / 6)
    assert metrics.length_deviation == pytest.approx((0.21 + 0.2) / 2)


def test_single_samples_get_wilson_and_no_majority() -> None:
    metrics = measure([sample(str(n), correct=n < 3) for n in range(4)], labels={str(n): [0] for n in range(4)})
    assert metrics.accuracy == metrics.pass_at[1] == wilson(3, 4)
    assert not metrics.maj_at


def test_without_expected_answers_there_is_no_accuracy() -> None:
    metrics = measure([sample("a", correct=None), sample("b", correct=None)])
    assert metrics.accuracy is None
    assert not metrics.pass_at
    assert metrics.thinking_tokens == 80


def test_an_empty_run_has_no_figures() -> None:
    metrics = measure([])
    assert (metrics.problems, metrics.accuracy, metrics.thinking_tokens, metrics.share_answered) == (
        0,
        None,
        None,
        None,
    )


@given(st.lists(st.lists(st.booleans(), min_size=4, max_size=4), min_size=1, max_size=12))
@settings(max_examples=25)
def test_avg_is_pass_at_1_and_below_pass_at_k(verdicts: list[list[bool]]) -> None:
    run = [sample(str(p), s, correct) for p, each in enumerate(verdicts) for s, correct in enumerate(each)]
    metrics = measure(run)
    assert metrics.accuracy is not None
    assert list(metrics.pass_at) == [1, 2, 4]
    assert metrics.pass_at[1].value == pytest.approx(metrics.accuracy.value)
    assert metrics.accuracy.value <= metrics.pass_at[2].value + 1e-12 <= metrics.pass_at[4].value + 2e-12
    assert metrics.pass_at[4].value == pytest.approx(sum(map(any, verdicts)) / len(verdicts))
