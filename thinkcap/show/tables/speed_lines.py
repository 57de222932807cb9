"""A machine's speed as text: a table of rates, and what they mean for a user."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from thinkcap.show.wording import duration, plural
from thinkcap.text import bytes_text

if TYPE_CHECKING:
    from thinkcap.runs.speed import ModelSpeed

PROMPT, THOUGHT, SOLUTION = 128, 1024, 256
PROBLEMS, SAMPLES = 100, 4


def speed_lines(speed: ModelSpeed) -> Iterator[str]:
    """The table, and below it what it means, a line each, at most 80 columns wide."""
    yield (
        f"{speed.model} ({speed.quant}), {plural(speed.threads, 'thread')}: "
        f"{bytes_text(speed.weights_bytes)} of weights, loaded in {speed.load_seconds:.2f} s"
    )
    yield f"prompts   {speed.prompt_tokens_per_second:,.0f} tokens/s"
    yield f"thoughts  with {speed.prompt_tokens:,} tokens behind each:"
    yield ""
    yield "at once   tokens/s   each     step   outside llama.cpp   KV cache"
    for rate in speed.rates:
        yield (
            f"{rate.width:>7}   {rate.tokens_per_second:>8,.1f}   {rate.tokens_per_second / rate.width:>6,.1f}   "
            f"{rate.step_ms:>6,.1f} ms   {rate.outside_ms:>12,.2f} ms   {bytes_text(rate.kv_bytes):>8}"
        )
    yield ""
    single, best = speed.rates[0], speed.best
    alone = THOUGHT * single.width / single.tokens_per_second
    many = PROBLEMS * SAMPLES * (THOUGHT + SOLUTION) / best.tokens_per_second
    many += PROBLEMS * PROMPT / speed.prompt_tokens_per_second
    yield f"{THOUGHT:,} thinking tokens take {f'{alone:.1f} s' if alone < 10 else duration(alone)}."
    yield (
        f"{PROBLEMS} problems × {SAMPLES} samples of {THOUGHT:,} + {SOLUTION} tokens take {duration(many)}, "
        f"{best.width} at once."
    )
    if speed.drafts:
        counts = ", ".join(str(draft.tokens) for draft in speed.drafts)
        costs = ", ".join(f"{draft.cost:.2f}" for draft in speed.drafts)
        gain = max(draft.speed for draft in speed.drafts)
        yield f"A decode of {counts} tokens of a text takes {costs} × one token's."
        verdict = "pay" if gain > 1 else "not pay"
        yield f"On ordinary text drafts would {verdict} here: {gain:.2f} times the speed at best."
