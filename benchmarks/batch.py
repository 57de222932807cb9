"""How much faster a batch is than one problem at a time, and what a step costs outside llama.cpp.

    python benchmarks/write_model.py --quant q8_0 benchmarks/cache/shape-1.5b-q8_0.gguf
    python benchmarks/batch.py benchmarks/cache/shape-1.5b-q8_0.gguf

Each row runs that number of sequences at once: a different `problem` each, or `samples` of one problem as for Avg@16.
Each thinks for exactly --tokens tokens (random weights never close their thought) and answers with up to 16. `whole
run` lasts from the first prompt to the last answer. `decoding` and the times of a step are medians over the steps in
which all sequences were decoding and none was reading its prompt. All rows are run in turn, --repeats times, and the
medians are printed.
"""

from __future__ import annotations

import argparse
import random
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

import thinkcap
from thinkcap.engine.core import Step
from thinkcap.engine.engine import Engine
from thinkcap.engine.outcome import Failure

PROBLEM = (
    "A bag holds {} red, {} blue and {} green marbles. Two are drawn without looking and not put back. What is the "
    "probability that both have the same colour? Give a common fraction."
)


@dataclass(frozen=True)
class Row:
    """What runs at once. `runs` holds tokens a second, milliseconds a step, and those of them outside llama.cpp."""

    count: int
    samples: bool
    runs: list[tuple[float, float, float]] = field(default_factory=list)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--sequences", type=int, nargs="+", default=[16])
    parser.add_argument("--tokens", type=int, default=128)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int)
    arguments = parser.parse_args()
    rows = [Row(1, False)]
    rows += [Row(count, samples) for count in arguments.sequences if count > 1 for samples in (False, True)]
    with thinkcap.load(arguments.model, threads=arguments.threads) as engine:
        solve_side_by_side(engine, 1, 4, False)  # reads the weights into memory
        for _ in range(arguments.repeats):
            for row in rows:
                row.runs.append(solve_side_by_side(engine, row.count, arguments.tokens, row.samples))
        prompt = len(engine.model.tokenize(PROBLEM))
        print(f"{arguments.threads or engine.threads} threads, {arguments.tokens} thinking tokens, {prompt} of prompt")
    print("               whole run         decoding          a step, ms")
    print("at once        tok/s  × one     tok/s  × one      all  outside llama_decode")
    for row in rows:
        kind = "problem" if row.count == 1 else "samples" if row.samples else "problems"
        whole, decoding = speed_up(row, rows[0])
        rate, step, outside = (median(part) for part in zip(*row.runs, strict=True))
        print(
            f"{row.count:3d} {kind:8} {rate:8.1f} {whole:6.2f}  {1000 * row.count / step:8.1f} {decoding:6.2f} "
            f"{step:8.1f} {outside:10.2f}"
        )


def speed_up(row: Row, alone: Row) -> tuple[float, float]:
    """The speed-up over one problem at a time, of whole runs and of decoding; medians over pairs of adjacent runs."""
    pairs = list(zip(row.runs, alone.runs, strict=True))
    return (
        median(many[0] / one[0] for many, one in pairs),
        median(row.count * one[1] / many[1] for many, one in pairs),
    )


def solve_side_by_side(engine: Engine, count: int, tokens: int, samples: bool) -> tuple[float, float, float]:
    """Runs `count` sequences at once: tokens a second, milliseconds a step, milliseconds of that outside llama.cpp."""
    numbers = random.Random(count)
    requests = [
        engine.request(
            PROBLEM.format(*(numbers.randint(10, 99) for _ in range(3))),
            tokens,
            solution_budget=16,
            cut_style="bare",
            loop_guard=False,
            temperature=0.6,
            top_p=0.95,
            id=str(number),
        )
        for number in range(count)
    ]
    if samples:
        requests = [requests[0].with_sample(sample) for sample in range(count)]
    steps: list[Step] = []
    for result in engine.solve_many(requests, parallel=count, on_step=steps.append):
        if isinstance(result, Failure):
            raise result.error
    pairs = [
        (after.seconds - before.seconds, after.decode_seconds - before.decode_seconds)
        for before, after in pairwise(steps)
        if after.active == count and after.decoded - before.decoded == count == after.sampled - before.sampled
    ]
    whole = median(seconds for seconds, _ in pairs) if pairs else float("nan")
    outside = median(seconds - decoding for seconds, decoding in pairs) if pairs else float("nan")
    return steps[-1].sampled / steps[-1].seconds, 1000 * whole, 1000 * outside


if __name__ == "__main__":
    main()
