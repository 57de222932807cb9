"""Intervals against published values, and how often they hold the true value."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.coverage import SPREADS, coverage, figures
from thinkcap.runs.intervals import mean_share, student_t_95, wilson


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


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_without_a_failure_or_a_success_each_problem_counts_once(share: float) -> None:
    assert mean_share([share] * 15) == wilson(round(15 * share), 15)


def test_a_single_failure_of_many_samples_widens_the_interval() -> None:
    interval = mean_share([1.0] * 14 + [15 / 16])
    assert interval.low < 0.98 < interval.value < interval.high < 1


def test_many_problems_get_about_the_normal_interval() -> None:
    shares = [0.0, 0.25, 0.5, 0.75, 1.0] * 40
    interval = mean_share(shares)
    # Standard error sqrt(0.125 / 200) = 0.025, so 0.5 ± 0.049.
    assert interval.value == 0.5
    assert interval.low == pytest.approx(0.451, abs=0.004)
    assert interval.high == pytest.approx(0.549, abs=0.004)
    assert mean_share(list(reversed(shares))) == interval


def test_an_interval_by_hand() -> None:
    # 10 problems, mean 0.6, squares 10 · 0.1² = 0.1, so d = (0.1 / 0.24 + 0.1) / 9.1 = 0.0568 and n / d = 176.1.
    # With t = 2.262 the centre is (0.6 + 0.01453) / 1.02906 = 0.5972.
    # Half the width is 2.262 · sqrt(0.24 / 176.1 + 4.12e-5) / 1.02906 = 0.0823.
    interval = mean_share([0.5, 0.7] * 5)
    assert (interval.value, interval.low, interval.high) == pytest.approx((0.6, 0.5148, 0.6795), abs=3e-4)


def test_students_t_against_published_values() -> None:
    published = {1: 12.706, 2: 4.303, 4: 2.776, 5: 2.571, 9: 2.262, 14: 2.145, 39: 2.023, 199: 1.972}
    assert [student_t_95(freedom) for freedom in published] == pytest.approx(list(published.values()), abs=0.004)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_an_interval_has_a_width_and_holds_its_mean(shares: list[float]) -> None:
    interval = mean_share(shares)
    assert 0 <= interval.low <= interval.value + 1e-12 <= interval.high + 2e-12 <= 1 + 3e-12
    assert interval.low < interval.high


def test_no_problems_have_no_mean() -> None:
    with pytest.raises(ValueError, match="no problems"):
        mean_share([])


@pytest.mark.parametrize("n", [15, 40, 200])
@pytest.mark.parametrize("k", [1, 2, 16])
def test_intervals_hold_the_true_accuracy_as_often_as_they_say(k: int, n: int) -> None:
    """A quick version of benchmarks/coverage.py: 2,280 runs, so two standard errors are 0.9 points."""
    held = [coverage(n, figures()[f"Avg@{k}"], spread, 30, seed=n) for spread in SPREADS[:4]]
    assert 0.93 - 0.009 <= sum(held) / len(held) <= 0.97 + 0.009
