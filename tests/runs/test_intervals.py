"""Intervals against published values, and how often they hold the true value."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.coverage import coverage, figures
from thinkcap.runs.intervals import beta_binomial, mean_share, wilson


def test_wilson_against_published_values() -> None:
    # Wilson's score interval without continuity correction.
    for correct, n, low, high in (
        (8, 10, 0.4902, 0.9433),
        (0, 10, 0, 0.2775),
        (10, 10, 0.7225, 1),
        (81, 263, 0.2553, 0.3662),
    ):
        interval = wilson(correct, n)
        assert interval.value == correct / n
        assert [interval.low, interval.high] == pytest.approx([low, high], abs=1e-4)
    assert (wilson(0, 10).low, wilson(10, 10).high) == (0, 1)


@given(st.integers(1, 5000), st.data())
def test_wilson_holds_its_share_and_narrows(n: int, data: st.DataObject) -> None:
    correct = data.draw(st.integers(0, n))
    interval, wider = wilson(10 * correct, 10 * n), wilson(correct, n)
    assert 0 <= wider.low <= wider.value <= wider.high <= 1
    assert interval.high - interval.low < wider.high - wider.low


@pytest.mark.parametrize("draws", [2, 16])
@pytest.mark.parametrize("share", [0.0, 1.0])
def test_without_a_failure_or_a_success_each_problem_counts_once(share: float, draws: int) -> None:
    assert mean_share([share] * 15, [draws] * 15) == wilson(round(15 * share), 15)


def test_single_draws_get_wilson() -> None:
    assert mean_share([1.0, 0.0, 1.0], [1, 1, 1]) == wilson(2, 3)


def test_many_problems_get_about_the_normal_interval() -> None:
    shares = [0.0, 0.25, 0.5, 0.75, 1.0] * 40
    interval = mean_share(shares, [4] * 200)
    # Standard error sqrt(0.125 / 200) = 0.025, so 0.5 ± 0.049.
    assert interval.value == 0.5
    assert interval.low == pytest.approx(0.451, abs=0.004)
    assert interval.high == pytest.approx(0.549, abs=0.004)
    assert mean_share(list(reversed(shares)), [4] * 200) == interval


def test_problems_that_are_all_or_nothing_count_once_each() -> None:
    once, often = wilson(30, 40), mean_share([1.0] * 30 + [0.0] * 10, [16] * 40)
    assert often.high - often.low == pytest.approx(once.high - once.low, rel=0.06)


def test_equal_problems_are_worth_all_their_draws() -> None:
    random = np.random.default_rng(3)
    shares = (random.binomial(16, 0.5, 200) / 16).tolist()
    interval, all_draws = mean_share(shares, [16] * 200), wilson(1600, 3200)
    assert interval.high - interval.low == pytest.approx(all_draws.high - all_draws.low, rel=0.06)


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(1, 20)), min_size=1, max_size=30))
@settings(max_examples=25, deadline=None)
def test_an_interval_has_a_width_and_holds_its_mean(problems: list[tuple[float, float]]) -> None:
    shares, draws = map(list, zip(*problems, strict=True))
    interval = beta_binomial(shares, draws)
    assert 0 <= interval.low <= interval.value <= interval.high <= 1
    assert interval.low < interval.high


def test_no_problems_have_no_mean() -> None:
    with pytest.raises(ValueError, match="no problems"):
        mean_share([], [])


@pytest.mark.parametrize("n", [15, 40, 200])
@pytest.mark.parametrize("k", [1, 2, 16])
def test_intervals_hold_the_true_accuracy_as_often_as_they_say(k: int, n: int) -> None:
    """A quick version of benchmarks/coverage.py: 760 runs, so three standard errors are 2.4 points."""
    samples, _, share = figures()[f"Avg@{k}"]
    held = [coverage(n, samples, 1, share, spread, 20, np.random.default_rng(n)) for spread in (0.1, 0.4)]
    assert 0.93 - 0.024 <= sum(held) / len(held) <= 0.97 + 0.024
