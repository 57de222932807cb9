from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thinkcap.engine.sampler import Draws, draw
from thinkcap.engine.settings import Settings

VOCABULARY = 400


def logits(seed: int, spread: float = 3.0) -> npt.NDArray[np.float32]:
    return np.random.default_rng(seed).normal(0.0, spread, VOCABULARY).astype(np.float32)


def sampled(temperature: float, top_p: float = 0.95, top_k: int = 0, min_p: float = 0.0) -> Settings:
    return Settings(temperature=temperature, top_p=top_p, top_k=top_k, min_p=min_p)


def distribution(row: npt.NDArray[np.float32], sampling: Settings) -> npt.NDArray[np.float64]:
    """The distribution that temperature, top-k, top-p and min-p define, written out over the whole vocabulary."""
    scaled = row.astype(np.float64) / sampling.temperature
    weights = np.exp(scaled - scaled.max())
    order = np.argsort(-weights, kind="stable")
    if sampling.top_k:
        weights[order[sampling.top_k :]] = 0.0
    share: npt.NDArray[np.float64] = weights / weights.sum()
    before = np.concatenate([[0.0], share[order].cumsum()[:-1]])
    share[order[before >= sampling.top_p]] = 0.0
    share[share < sampling.min_p * share.max()] = 0.0
    share /= share.sum()
    return share


@given(
    st.integers(0, 1000),
    st.floats(0.2, 2.0),
    st.sampled_from([0, 1, 3, 40]),
    st.sampled_from([0.3, 0.8, 0.95, 1.0]),
    st.sampled_from([0.0, 0.1, 0.5]),
)
@settings(max_examples=60)
def test_only_tokens_that_survive_the_cuts_are_drawn(
    seed: int, temperature: float, top_k: int, top_p: float, min_p: float
) -> None:
    sampling = sampled(temperature, top_p, top_k, min_p)
    row = logits(seed)
    expected = distribution(row, sampling)
    random = np.random.default_rng(seed)
    assert all(expected[draw(row, sampling, random)[0]] > 0 for _ in range(50))


@pytest.mark.parametrize(
    "sampling",
    [
        sampled(1.0, 1.0),
        sampled(0.6, 0.95),
        sampled(0.8, 1.0, top_k=5),
        sampled(0.7, 0.9, top_k=20, min_p=0.05),
        sampled(1.3, 1.0, min_p=0.2),
    ],
)
def test_draws_follow_the_distribution(sampling: Settings) -> None:
    row = logits(7, spread=2.0)[:60]
    expected = distribution(row, sampling)
    random = np.random.default_rng(1)
    count = 20_000
    seen = np.bincount([draw(row, sampling, random)[0] for _ in range(count)], minlength=row.size) / count
    assert np.abs(seen - expected).sum() / 2 < 0.03


def test_temperature_zero_takes_the_best() -> None:
    row = logits(3)
    assert draw(row, sampled(0.0), np.random.default_rng(0))[0] == int(row.argmax())


@pytest.mark.parametrize("temperature", [1e-6, 1e-3])
def test_tiny_temperatures_are_greedy(temperature: float) -> None:
    row = logits(4)
    assert draw(row, sampled(temperature, 1.0), np.random.default_rng(0))[0] == int(row.argmax())


def test_banned_logits_are_never_drawn() -> None:
    row = logits(5)
    row[np.argsort(-row)[:10]] = -np.inf
    random = np.random.default_rng(0)
    assert all(np.isfinite(row[draw(row, sampled(1.0, 1.0), random)[0]]) for _ in range(200))


def test_every_phase_of_every_sample_has_its_own_numbers() -> None:
    keys = [(s, p, k, f) for s in (0, 1) for p in ("x", "y") for k in (0, 1) for f in ("thinking", "solution")]
    numbers = [Draws(*key).random() for key in keys]
    assert len(set(numbers)) == len(keys)
    assert numbers == [Draws(*key).random() for key in keys]
