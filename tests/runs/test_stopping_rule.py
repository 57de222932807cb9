"""When a vote is decided, against the closed form, hand-made cases and a test after each sample."""

from __future__ import annotations

from math import comb
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thinkcap.runs.stopping_rule import is_decided, next_wave, stays_ahead


@given(st.integers(0, 300), st.integers(0, 300))
def test_the_probability_is_that_of_the_binomial_sum(leader: int, runner_up: int) -> None:
    flips = leader + runner_up + 1  # P(Beta(a, b) > 1/2) = P(Binomial(a + b − 1, 1/2) ≤ a − 1), DLMF 8.17.5
    exact = sum(comb(flips, heads) for heads in range(leader + 1)) / 2**flips
    assert stays_ahead(leader, runner_up) == pytest.approx(exact, abs=1e-12)


@given(st.floats(0, 64), st.floats(0, 64), st.floats(0.01, 1))
def test_votes_that_are_weights_lie_between_whole_ones(leader: float, runner_up: float, more: float) -> None:
    assert stays_ahead(leader, runner_up) + stays_ahead(runner_up, leader) == pytest.approx(1)
    assert stays_ahead(leader, runner_up) <= stays_ahead(leader + more, runner_up) + 1e-12
    assert stays_ahead(leader, runner_up + more) <= stays_ahead(leader, runner_up) + 1e-12


def test_four_who_agree_decide_at_95_percent() -> None:
    assert next_wave([], 32, 0.95) == 4
    assert next_wave([4], 28, 0.95) == 0
    assert next_wave([3, 1], 28, 0.95) == 3
    assert next_wave([6, 1], 25, 0.95) == 0
    assert next_wave([2, 2], 28, 0.95) == next(n for n in range(28) if stays_ahead(2 + n, 2) >= 0.95)


def test_a_vote_that_cannot_be_overtaken_is_decided() -> None:
    assert next_wave([], 7, 1.0) == 4
    assert next_wave([4, 1], 2, 1.0) == 0
    assert next_wave([4, 2], 2, 1.0) == 1
    assert not is_decided(4, 1, 2, 1.0, heaviest=1.6)
    assert next_wave([3, 3], 0, 1.0) == 0
    assert next_wave([], 1, 0.95) == 1


@pytest.mark.parametrize("until", [0.8, 0.95, 0.99, 1.0])
def test_waves_take_the_samples_that_a_test_after_each_would_take(until: float) -> None:
    chance = Random(until)
    for _ in range(300):
        samples = chance.randrange(1, 40)
        answers = chance.choices("abc", chance.choice([(9, 1, 0), (5, 4, 1), (1, 1, 1)]), k=samples)

        def votes(count: int, answers: list[str] = answers) -> list[float]:
            return sorted((float(answers[:count].count(each)) for each in "abc"), reverse=True)

        one_by_one = next(
            count
            for count in range(1, samples + 1)
            if is_decided(votes(count)[0], votes(count)[1], samples - count, until)
        )
        released = 0
        while more := next_wave(votes(released), samples - released, until):
            released += more
        assert released == one_by_one
