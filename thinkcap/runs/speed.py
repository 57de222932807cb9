"""How fast this machine runs this model: prompt and decode rates by width, and which threads and width are best.

Rates are measured with DEPTH tokens behind each sequence: a step takes the longer the more there are, so that a rate
from a thought's beginning would promise too much.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from thinkcap.engine.core import Step
from thinkcap.engine.engine import Engine
from thinkcap.engine.outcome import Failure
from thinkcap.engine.request import Request
from thinkcap.errors import ThinkcapError
from thinkcap.runs.drafts import DraftGain, draft_gains

WIDTHS = (1, 2, 4, 8, 16, 32)
DEPTH = 512
"""Tokens behind a sequence: what the middle of a thought of 1,024 has behind it."""
PROBLEM = "What is 384 + 297 + 581? "


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
class ModelSpeed:
    """What a model does on a machine.

    load_seconds              of its file
    prompt_tokens             of the problem, which is behind each sequence
    prompt_tokens_per_second  while it is read
    rates                     by width, narrowest first
    drafts                    what drafted tokens would gain, shortest drafts first; empty if not measured
    """

    model: str
    quant: str
    threads: int
    load_seconds: float
    weights_bytes: int
    prompt_tokens: int
    prompt_tokens_per_second: float
    rates: tuple[Rate, ...]
    drafts: tuple[DraftGain, ...] = ()

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
    repeats: int = 1,
    drafts: bool = False,
    watch: Callable[[str], None] = lambda words: None,
) -> ModelSpeed:
    """Measures an engine, each width over `repeats` stretches of `tokens` tokens a sequence; the median stretch counts.
    With `drafts` it also measures what speculative decoding would gain.

    Raises ThinkcapError if that does not fit the context.
    """
    widths = tuple(widths)
    watch("prompt")
    problem = _problem(engine, max(widths) * tokens * repeats)
    prompt_tokens, prompt_rate = _prompt_rate(engine, problem)
    rates = []
    for width in widths:
        watch(f"{width} at once")
        rates.append(_decode(engine, problem, width, tokens, repeats))
    if drafts:
        watch("drafts")
    return ModelSpeed(
        engine.profile.name,
        engine.profile.quant,
        engine.threads,
        engine.load_seconds,
        engine.model.size,
        prompt_tokens,
        prompt_rate,
        tuple(rates),
        draft_gains(engine, prompt_tokens) if drafts else (),
    )


def candidates(cores: int) -> Sequence[int]:
    """Thread counts worth trying on this many cores."""
    return sorted({1, *(2**power for power in range(1, cores.bit_length())), cores})


def _problem(engine: Engine, besides: int) -> str:
    """A problem of about DEPTH tokens, shorter if `besides` leaves no room for it."""
    room = min(DEPTH, (engine.longest - besides) // 2)
    return PROBLEM * max(1, room // len(engine.model.tokenize(PROBLEM)))


def _prompt_rate(engine: Engine, problem: str) -> tuple[int, float]:
    """Tokens of a long prompt, and how many of them a second."""
    engine.solve(engine.request(PROBLEM, 0, solution_budget=1))  # the first decode pays for llama.cpp's warm-up
    outcome = engine.solve(engine.request(problem, 0, solution_budget=1))
    return outcome.prompt_tokens, outcome.prompt_tokens / outcome.seconds.prompt


def _decode(engine: Engine, problem: str, width: int, tokens: int, repeats: int) -> Rate:
    """The rate of `width` thoughts side by side, their common prompt left out."""
    whole = tokens * repeats
    request = engine.request(
        problem, whole, min_thinking=whole, solution_budget=1, temperature=0.6, top_p=0.95, loop_guard=False
    )
    steps: list[Step] = []
    requests: list[Request] = [request.with_sample(sample) for sample in range(width)]
    for result in engine.solve_many(requests, parallel=width, on_step=steps.append):
        if isinstance(result, Failure):
            raise result.error
    full = [step for step in steps if step.active == width and step.waiting == 0]
    if len(full) <= repeats:
        raise ThinkcapError(f"{width} sequences at once do not fit the context; measure fewer with --widths.")
    marks = [full[index * (len(full) - 1) // repeats] for index in range(repeats + 1)]
    stretches = sorted(
        (
            (end.seconds - begin.seconds) / (end.sampled - begin.sampled),
            (end.seconds - begin.seconds - end.decode_seconds + begin.decode_seconds) / (end.sampled - begin.sampled),
        )
        for begin, end in pairwise(marks)
    )
    token, outside = stretches[len(stretches) // 2]
    return Rate(width, 1 / token, 1000 * width * token, 1000 * width * outside, engine.cache_bytes)
