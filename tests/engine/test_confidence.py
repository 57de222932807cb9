"""How sure a model was of its thought."""

from __future__ import annotations

from math import exp

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import thinkcap
from thinkcap.engine.confidence import WINDOW, Confidence
from thinkcap.engine.sampler import LIVE_RANGE, draw
from thinkcap.engine.settings import Settings


@given(st.lists(st.floats(-18, 0), min_size=1, max_size=3 * WINDOW))
def test_the_lowest_window_is_that_of_a_look_at_each(values: list[float]) -> None:
    confidence = Confidence(values)
    windows = [values[at : at + WINDOW] for at in range(max(1, len(values) - WINDOW + 1))]
    assert confidence.mean == pytest.approx(np.mean(values), abs=2e-6)
    assert confidence.lowest == pytest.approx(min(map(float, map(np.mean, windows))), abs=2e-6)
    assert confidence.lowest is not None
    assert confidence.mean is not None
    assert confidence.lowest <= confidence.mean + 2e-6


def test_nothing_sampled_is_no_confidence() -> None:
    assert (Confidence().mean, Confidence().lowest) == (None, None)


@pytest.mark.parametrize("cuts", [{}, {"top_p": 0.7}, {"top_k": 3}, {"top_p": 0.9, "top_k": 8, "min_p": 0.1}])
@pytest.mark.parametrize("temperature", [0.3, 0.6, 1.0, 1.7])
def test_a_token_has_the_log_probability_before_the_cuts(temperature: float, cuts: dict[str, float]) -> None:
    options: dict[str, float] = {"top_p": 1.0, "top_k": 0, "min_p": 0.0} | cuts
    settings = Settings(temperature=temperature, **options)  # type: ignore[arg-type]
    random = np.random.default_rng(3)
    for spread in (0.5, 2.0, 9.0):
        row = random.normal(0.0, spread, 300).astype(np.float32)
        for _ in range(20):
            token, log_probability = draw(row, settings, random)
            scaled = (row.astype(np.float64) - row.max()) / temperature
            live = scaled[scaled > -LIVE_RANGE]
            assert log_probability == pytest.approx(scaled[token] - np.log(np.exp(live).sum()), abs=1e-5)


def test_a_token_without_choice_is_certain() -> None:
    row = np.zeros(50, dtype=np.float32)
    row[7] = 100.0
    assert draw(row, Settings(temperature=1.0, top_p=1.0, top_k=0, min_p=0.0), np.random.default_rng(0)) == (7, 0.0)
    assert draw(row, Settings(temperature=0.0), np.random.default_rng(0)) == (7, 0.0)


def test_results_have_the_log_probabilities_of_their_thoughts(abacus_f16: thinkcap.Engine) -> None:
    problem = "What is 48 * 12?"
    sure = abacus_f16.solve(problem, 100, temperature=0.4)
    unsure = abacus_f16.solve(problem, thinkcap.Budget(100, min_thinking=100), temperature=2.5, top_p=1.0)
    assert sure.mean_log_probability is not None
    assert unsure.mean_log_probability is not None
    assert 0 >= sure.mean_log_probability > unsure.mean_log_probability
    assert unsure.lowest_log_probability is not None
    assert unsure.lowest_log_probability < unsure.mean_log_probability
    assert exp(unsure.mean_log_probability) < 0.9
    nothing = abacus_f16.solve(problem, 0)
    assert (nothing.mean_log_probability, nothing.lowest_log_probability) == (None, None)
    assert nothing.to_dict()["mean_log_probability"] is None


def test_a_fork_has_the_log_probabilities_of_the_thought_up_to_it(abacus_f16: thinkcap.Engine) -> None:
    options: thinkcap.Options = {"temperature": 1.5, "top_p": 1.0, "seed": 2}
    for outcome in abacus_f16.sweep("What is 48 * 12?", [20, 90], **options):
        alone = abacus_f16.solve("What is 48 * 12?", outcome.budget.thinking, **options)
        assert outcome.mean_log_probability == pytest.approx(alone.mean_log_probability, abs=1e-4)
        assert outcome.lowest_log_probability == pytest.approx(alone.lowest_log_probability, abs=1e-4)
