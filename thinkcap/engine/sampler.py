"""From logits to a token: numpy over the few logits that can matter.

Order and meaning of the cuts are those of vLLM and transformers, which the papers behind the models used:
temperature, top-k, top-p, min-p. Tokens further than 18 temperatures below the best are left out first: one of them
weighs less than float32 can tell from nothing.
"""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

from thinkcap.engine.profile import Sampling

LIVE_RANGE = 18.0

Logits = npt.NDArray[np.float32]


def generator(seed: int, problem: str, sample: int, phase: str) -> np.random.Generator:
    """The random numbers of one phase of one sample: the same for the same four, whatever else runs."""
    key = hashlib.blake2b(f"{seed}\0{sample}\0{phase}\0{problem}".encode("utf-8", "replace"), digest_size=16).digest()
    return np.random.Generator(np.random.Philox(key=np.frombuffer(key, dtype=np.uint64)))


def draw(logits: Logits, sampling: Sampling, random: np.random.Generator) -> int:
    """Draws one token from logits of shape (vocabulary,). A draw takes exactly one random number, greedy takes none."""
    if sampling.temperature == 0.0:
        return int(logits.argmax())
    best = logits.max()
    live = (logits > best - LIVE_RANGE * sampling.temperature).nonzero()[0]
    if live.size == 0:
        return int(logits.argmax())
    weights = np.exp((logits[live] - best) / sampling.temperature, dtype=np.float64)
    if 0 < sampling.top_k < live.size:
        kept = np.argpartition(-weights, sampling.top_k - 1)[: sampling.top_k]
        live, weights = live[kept], weights[kept]
    if sampling.top_p < 1.0:
        order = np.argsort(-weights, kind="stable")
        weights = weights[order]
        sums = weights.cumsum()
        count = int(sums.searchsorted(sampling.top_p * sums[-1])) + 1
        live, weights = live[order[:count]], weights[:count]
    if sampling.min_p > 0.0:
        kept = weights >= sampling.min_p * weights.max()
        live, weights = live[kept], weights[kept]
    sums = weights.cumsum()
    return int(live[min(int(sums.searchsorted(random.random() * sums[-1], side="right")), live.size - 1)])


def log_probability(logits: Logits, token: int) -> float:
    """The natural logarithm of a token's probability at temperature 1."""
    best = logits.max()
    return float(logits[token] - best) - float(np.log(np.exp(logits - best, dtype=np.float64).sum()))
