"""What a batch would take, without loading its model: tokens at worst, KV memory, and time at this machine's speed.

The time is an upper bound from two speeds measured on the spot: a step reads every weight once, and computes twice as
many operations a token as there are weights (the roofline of Williams et al., doi:10.1145/1498765.1498785, both parts
added, as small batches overlap them badly).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

from thinkcap.engine.model.kv_pool import separate_sequences
from thinkcap.runs.batch import Task

BYTES_PER_TOKEN = 3
"""Bytes of a prompt a token stands for, about: mathematics in English, a vocabulary of 150,000."""
TEMPLATE_TOKENS = 20
SECONDS_BESIDES = 0.00015
"""Seconds a token takes besides: sampling and bookkeeping."""


@dataclass(frozen=True, slots=True)
class Speed:
    """What this machine does now: bytes it reads a second, floating-point operations a second."""

    bytes_per_second: float
    operations_per_second: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """What is left of a batch, at worst.

    results           results to make
    thinking_tokens, solution_tokens  tokens sampled at most
    prompt_tokens     prompt tokens, about; a problem's samples share theirs
    parallel          thoughts at once
    weights_bytes     memory of the weights
    kv_bytes          memory of the KV cache; None where the model is not here to say
    seconds           time at most, about; None on a GPU, whose speed shows only when it runs
    usual_seconds     time where thoughts go to their budgets and solutions are as long as the model's usually are;
                      None where a thought has no budget, too
    """

    results: int
    thinking_tokens: int
    solution_tokens: int
    prompt_tokens: int
    parallel: int
    weights_bytes: int
    kv_bytes: int | None
    seconds: float | None
    usual_seconds: float | None

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def estimate(
    tasks: Sequence[Task],
    *,
    parallel: int,
    context: int,
    weights: int,
    bits: float,
    cell: int | None,
    affordable: int,
    usual_solution: int,
    speed: Speed | None,
) -> Estimate:
    """What the tasks take at worst.

    parallel  thoughts at once, at most
    context   tokens a thought without a budget ends at
    weights   bytes of the model's weights, at `bits` a weight
    cell      bytes of a KV cell
    affordable  KV cells that the run may take
    usual_solution  tokens a solution of the model usually takes
    speed     this machine's, None where it tells nothing
    """
    prompts = [len(task.request.prompt_text.encode()) // BYTES_PER_TOKEN + TEMPLATE_TOKENS for task in tasks]
    thinking = [
        max(0, context - prompt - task.request.budget.solution)
        if task.request.budget.thinking is None
        else task.request.budget.thinking
        for task, prompt in zip(tasks, prompts, strict=True)
    ]
    solution = [len(task.keys) * task.request.budget.solution for task in tasks]
    width = max(1, min(parallel, len(tasks)))
    longest = max(
        (
            prompt + thought + task.request.budget.solution
            for task, prompt, thought in zip(tasks, prompts, thinking, strict=True)
        ),
        default=0,
    )
    cells = longest * separate_sequences(longest, max((len(task.keys) for task in tasks), default=1), width, affordable)
    if not cells:
        together = map(sum, zip(prompts, thinking, solution, strict=True))
        cells = sum(sorted(together, reverse=True)[:width])
    shared = sum(prompt for task, prompt in zip(tasks, prompts, strict=True) if task.request.sample == 0)
    seconds = usual_seconds = None
    if speed is not None:
        operations = 2 * weights * 8 / bits
        token = operations / speed.operations_per_second + SECONDS_BESIDES
        step = weights / speed.bytes_per_second + width * token
        reading = shared * operations / speed.operations_per_second
        seconds = (sum(thinking) + sum(solution)) / width * step + reading
        if all(task.request.budget.thinking is not None for task in tasks):
            usual = sum(len(task.keys) * min(usual_solution, task.request.budget.solution) for task in tasks)
            usual_seconds = (sum(thinking) + usual) / width * step + reading
    return Estimate(
        results=sum(len(task.keys) for task in tasks),
        thinking_tokens=sum(thinking),
        solution_tokens=sum(solution),
        prompt_tokens=shared,
        parallel=width,
        weights_bytes=weights,
        kv_bytes=None if cell is None else cell * cells,
        seconds=seconds,
        usual_seconds=usual_seconds,
    )


def measure_speed(threads: int, seconds: float = 0.4) -> Speed:
    """Reads memory with `threads` threads, then multiplies matrices, for `seconds` each."""
    import numpy as np

    blocks = [np.ones(1 << 24, dtype=np.float32) for _ in range(threads)]

    def read(block: Any) -> float:
        began, count = time.perf_counter(), 0
        while (elapsed := time.perf_counter() - began) < seconds:
            block.max()
            count += 1
        return float(count * block.nbytes / elapsed)

    with ThreadPoolExecutor(threads) as pool:
        bandwidth = sum(pool.map(read, blocks))
    matrix = np.ones((1024, 1024), dtype=np.float32)
    matrix @ matrix
    began, count = time.perf_counter(), 0
    while (elapsed := time.perf_counter() - began) < seconds:
        matrix @ matrix
        count += 1
    return Speed(bandwidth, count * 2 * 1024**3 / elapsed)
