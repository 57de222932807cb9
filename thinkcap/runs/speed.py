"""How fast this machine runs this model: prompt and decode rates by width, and which threads and width are best."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from thinkcap.engine.engine import Engine, Failure, Step
from thinkcap.engine.request import Request
from thinkcap.errors import ThinkcapError

WIDTHS = (1, 2, 4, 8, 16, 32)
PROBLEM = "What is 384 + 297 + 581?"


@dataclass(frozen=True, slots=True)
class Rate:
    """What one width comes to.

    width              sequences at once
    tokens_per_second  over all of them
    step_ms            milliseconds a step, outside_ms of them not in llama.cpp
    kv_bytes           memory of the KV cache
    """

    width: int
    tokens_per_second: float
    step_ms: float
    outside_ms: float
    kv_bytes: int


@dataclass(frozen=True, slots=True)
class Speed:
    """What a model does on a machine.

    prompt_tokens_per_second  of a long prompt
    load_seconds              of its file
    rates                     by width, narrowest first
    """

    model: str
    quant: str
    threads: int
    load_seconds: float
    weights_bytes: int
    prompt_tokens_per_second: float
    rates: tuple[Rate, ...]

    @property
    def best(self) -> Rate:
        """The width with most tokens a second; of widths within 3 % of it, the narrowest."""
        most = max(rate.tokens_per_second for rate in self.rates)
        return next(rate for rate in self.rates if rate.tokens_per_second >= 0.97 * most)


def measure(
    engine: Engine,
    widths: Iterable[int] = WIDTHS,
    *,
    tokens: int = 32,
    prompt_tokens: int = 256,
    repeats: int = 1,
    watch: Callable[[str], None] = lambda words: None,
) -> Speed:
    """Measures an engine, each width `repeats` times with `tokens` tokens a sequence; medians are kept.

    Raises ThinkcapError where that does not fit the context.
    """
    watch("prompt")
    prompt_rate = _prompt_rate(engine, prompt_tokens)
    rates = []
    for width in widths:
        watch(f"{width} at once")
        runs = [_decode(engine, width, tokens) for _ in range(repeats)]
        rates.append(sorted(runs, key=lambda rate: rate.tokens_per_second)[len(runs) // 2])
    return Speed(
        engine.profile.name,
        engine.profile.quant,
        engine.threads,
        engine.load_seconds,
        engine.model.size,
        prompt_rate,
        tuple(rates),
    )


def candidates(cores: int) -> Sequence[int]:
    """Thread counts worth trying on so many cores."""
    return sorted({1, *(2**power for power in range(1, cores.bit_length())), cores})


def _prompt_rate(engine: Engine, tokens: int) -> float:
    """Tokens a second of a prompt of about `tokens` tokens."""
    repeats = max(1, tokens // max(1, len(engine.model.tokenize(PROBLEM + " "))))
    request = engine.request(" ".join([PROBLEM] * repeats), 0, solution_budget=1)
    engine.solve(engine.request(PROBLEM, 0, solution_budget=1))  # the first decode pays for llama.cpp's warm-up
    outcome = engine.solve(request)
    return outcome.prompt_tokens / outcome.seconds.prompt


def _decode(engine: Engine, width: int, tokens: int) -> Rate:
    """The rate of `width` thoughts of `tokens` tokens side by side, their common prompt left out."""
    request = engine.request(
        PROBLEM, tokens, min_thinking=tokens, solution_budget=1, temperature=0.6, top_p=0.95, loop_guard=False
    )
    stamps: list[tuple[float, Step]] = []
    requests: list[Request] = [request.with_sample(sample) for sample in range(width)]
    for result in engine.solve_many(
        requests, parallel=width, on_step=lambda step: stamps.append((time.perf_counter(), step))
    ):
        if isinstance(result, Failure):
            raise result.error
    full = [(stamp, step) for stamp, step in stamps if step.active == width and step.waiting == 0]
    if len(full) < 3:
        raise ThinkcapError(f"{width} sequences at once do not fit the context; measure fewer with --widths.")
    steps = [later[0] - earlier[0] for earlier, later in pairwise(full[1:])]
    inside = [later[1].decode_seconds - earlier[1].decode_seconds for earlier, later in pairwise(full[1:])]
    step = statistics.median(steps)
    return Rate(
        width,
        width / step,
        1000 * step,
        1000 * statistics.median(whole - part for whole, part in zip(steps, inside, strict=True)),
        engine.cache_bytes,
    )
