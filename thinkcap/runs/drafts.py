"""Would speculative decoding pay on this machine?

Drafted tokens are checked in one decode together with the token they follow. So what a decode of a few tokens of one
sequence costs, relative to one token, decides what drafts gain.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

from thinkcap.engine.engine import Engine
from thinkcap.engine.model.kv_cache import KvCache
from thinkcap.engine.model.kv_pool import KvPlan

ACCEPTANCE = {2: (1.26, 0.36), 3: (1.38, 0.31), 4: (1.44, 0.27)}
"""By tokens in a decode that checks a draft: tokens that a decode gives on average, and the share of decodes that check
one. Measured with drafts from the text's own n-grams, on SmolLM2's text (`python benchmarks/drafting.py smollm2`)."""


@dataclass(frozen=True, slots=True)
class DraftGain:
    """What drafts of one length would gain.

    tokens  in a decode that checks a draft; all but the first are drafted
    cost    of such a decode, relative to a decode of one token
    speed   of generating with these drafts, relative to without
    """

    tokens: int
    cost: float
    speed: float


def draft_gains(engine: Engine, depth: int) -> tuple[DraftGain, ...]:
    """What drafts of ACCEPTANCE's lengths would gain; nothing for models that can't take tokens back."""
    if engine.model.recurrent:
        return ()
    single, *several = decode_seconds(engine, (1, *ACCEPTANCE), depth)
    costs = [seconds / single for seconds in several]
    return tuple(
        DraftGain(tokens, cost, given / (1 - share + share * cost))
        for (tokens, (given, share)), cost in zip(ACCEPTANCE.items(), costs, strict=True)
    )


def decode_seconds(engine: Engine, counts: Sequence[int], depth: int, repeats: int = 9) -> list[float]:
    """Median seconds of a decode of each number of tokens, all of one sequence, with `depth` tokens behind it.

    The numbers take turns, so that a disturbance hits all of them.
    """
    cache = KvCache(engine.model, KvPlan(depth + max(counts), 1), engine.threads, chunk=max(depth, *counts))
    cache.add(0, 0, [1] * depth, True)
    cache.decode()

    def decode(count: int) -> float:
        for position in range(depth, depth + count):
            cache.add_one(0, position, 1)
        began = time.perf_counter()
        cache.decode()
        seconds = time.perf_counter() - began
        cache.forget(0, depth)
        return seconds

    times: list[list[float]] = [[] for _ in counts]
    for _ in range(repeats):
        for count, measured in zip(counts, times, strict=True):
            decode(count)  # the first of a shape builds llama.cpp's graph
            measured.append(decode(count))
    cache.close()
    return [statistics.median(measured) for measured in times]
