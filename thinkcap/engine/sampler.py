"""From logits to a token: numpy over the few logits that can matter.

The order and meaning of the cuts are those of vLLM and transformers, which the papers behind the models used:
temperature, top-k, top-p, min-p. Tokens further than 18 temperatures below the best are left out first: their weight is
below float32's resolution.
"""

from __future__ import annotations

import hashlib
import math
from typing import Protocol

import numpy as np
import numpy.typing as npt

from thinkcap.engine.settings import Settings

LIVE_RANGE = 18.0

AHEAD = 32
"""Random numbers made at a time."""

Logits = npt.NDArray[np.float32]


class Random(Protocol):
    """Where a draw gets its random number from: numpy's generators, and `Draws`."""

    def random(self) -> float: ...


class Draws:
    """The random numbers of one phase of one sample behind the first `used`: the same for the same four, whatever else
    runs. They are made a few at a time, which costs little more than making one."""

    def __init__(self, seed: int, problem: str, sample: int, phase: str, used: int = 0) -> None:
        key = f"{seed}\0{sample}\0{phase}\0{problem}".encode("utf-8", "replace")
        digest = hashlib.blake2b(key, digest_size=16).digest()
        self._generator = np.random.Generator(np.random.Philox(key=np.frombuffer(digest, dtype=np.uint64)))
        self._ready: list[float] = []
        self._generator.random(used)

    def random(self) -> float:
        """The next number, uniform in [0, 1)."""
        if not self._ready:
            self._ready = self._generator.random(AHEAD)[::-1].tolist()
        return self._ready.pop()


def draw(logits: Logits, settings: Settings, random: Random) -> tuple[int, float]:
    """Draws one token from logits of shape (vocabulary,). A draw takes exactly one random number, greedy takes none.

    Returns the token and its log-probability: the natural logarithm of its softmax share, at the sampling temperature,
    of all tokens within LIVE_RANGE temperatures of the best, before top-k, top-p and min-p take any away. It is 0.0 if
    there is no choice: at temperature 0, and if no other token is in that range.
    """
    first = int(logits.argmax())
    temperature = settings.temperature
    if temperature == 0.0:
        return first, 0.0
    best = logits.item(first)
    live = (logits > best - LIVE_RANGE * temperature).nonzero()[0]
    point = random.random()
    if live.size <= 1:
        return first, 0.0
    # A decode leaves the CPU's caches cold, so each kind of call costs more than its work: fewer kinds are faster.
    weights = logits.take(live).astype(np.float64)
    weights -= best
    weights /= temperature
    np.exp(weights, out=weights)
    sums = np.add.accumulate(weights)
    everything = sums.item(-1)
    if 0 < settings.top_k < live.size:
        kept = np.argpartition(-weights, settings.top_k - 1)[: settings.top_k]
        live, weights = live[kept], weights[kept]
        sums = np.add.accumulate(weights)
    if settings.top_p < 1.0:
        whole = sums.item(-1)
        enough = settings.top_p * whole
        if enough <= 1.0:  # what the best token weighs
            return first, -math.log(everything)
        # What weighs less than an equal share of the rest can't be needed, so few tokens are left to sort.
        kept = (weights > (whole - enough) / weights.size).nonzero()[0]
        live, weights = live.take(kept), weights.take(kept)
        order = (-weights).argsort(kind="stable")
        live, weights = live.take(order), weights.take(order)
        sums = np.add.accumulate(weights)
        sums = sums[: int(sums.searchsorted(enough)) + 1]
    if settings.min_p > 0.0:
        weights = weights[: sums.size]
        kept = (weights >= settings.min_p * weights.max()).nonzero()[0]
        live, sums = live.take(kept), np.add.accumulate(weights.take(kept))
    token: int = live.item(min(int(sums.searchsorted(point * sums.item(-1), side="right")), sums.size - 1))
    return token, (logits.item(token) - best) / temperature - math.log(everything)
