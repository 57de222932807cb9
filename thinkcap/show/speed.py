"""A machine's speed as text: a table of rates, and what they mean for a user."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, TextIO

from thinkcap.show.progress import duration
from thinkcap.text import write_line

if TYPE_CHECKING:
    from thinkcap.runs.speed import Speed

PROMPT, THOUGHT, SOLUTION = 128, 1024, 256
PROBLEMS, SAMPLES = 100, 4


def print_speed(speed: Speed, file: TextIO) -> None:
    """The table, and below it what it means."""
    for line in speed_lines(speed):
        write_line(line, file)


def speed_lines(speed: Speed) -> Iterator[str]:
    """The same, a line each, at most 80 columns wide."""
    yield (
        f"{speed.model} ({speed.quant}), {speed.threads} thread{'s' * (speed.threads > 1)}: "
        f"{_size(speed.weights_bytes)} of weights, loaded in {speed.load_seconds:.2f} s"
    )
    yield f"prompts   {speed.prompt_tokens_per_second:,.0f} tokens/s"
    yield f"thoughts  with {speed.prompt_tokens:,} tokens behind each:"
    yield ""
    yield "at once   tokens/s   each     step   outside llama.cpp   KV cache"
    for rate in speed.rates:
        yield (
            f"{rate.width:>7}   {rate.tokens_per_second:>8,.1f}   {rate.tokens_per_second / rate.width:>6,.1f}   "
            f"{rate.step_ms:>6,.1f} ms   {rate.outside_ms:>12,.2f} ms   {_size(rate.kv_bytes):>8}"
        )
    yield ""
    single, best = speed.rates[0], speed.best
    alone = THOUGHT * single.width / single.tokens_per_second
    many = PROBLEMS * SAMPLES * (THOUGHT + SOLUTION) / best.tokens_per_second
    many += PROBLEMS * PROMPT / speed.prompt_tokens_per_second
    spoken = f"{alone:.1f} s" if alone < 10 else duration(alone)
    yield f"{THOUGHT:,} thinking tokens take {spoken}."
    yield (
        f"{PROBLEMS} problems × {SAMPLES} samples of {THOUGHT:,} + {SOLUTION} tokens take {duration(many)}, "
        f"{best.width} at once."
    )


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"
