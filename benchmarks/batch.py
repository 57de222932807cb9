"""How much faster a batch is than one problem at a time, and what a step costs outside llama.cpp.

    python benchmarks/write_model.py --quant q8_0 benchmarks/cache/shape-1.5b-q8_0.gguf
    python benchmarks/batch.py benchmarks/cache/shape-1.5b-q8_0.gguf

Each row runs as many problems as there are sequences, each thinking for exactly --tokens tokens (random weights never
close their thought) and answering for up to 16. `whole run` is from the first prompt to the last answer; `decoding` and
a step's times are medians over the steps in which all sequences were decoding and none was reading its prompt.
"""

from __future__ import annotations

import argparse
import random
from itertools import pairwise
from statistics import median

import thinkcap
from thinkcap.engine.engine import Engine, Failure, Step

PROBLEM = (
    "A bag holds {} red, {} blue and {} green marbles. Two are drawn without looking and not put back. What is the "
    "probability that both have the same colour? Give a common fraction."
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--sequences", type=int, nargs="+", default=[1, 2, 4, 8, 16])
    parser.add_argument("--tokens", type=int, default=96)
    parser.add_argument("--threads", type=int)
    arguments = parser.parse_args()
    with thinkcap.load(arguments.model, threads=arguments.threads) as engine:
        solve_side_by_side(engine, 1, 4)  # reads the weights into memory
        print(f"{arguments.model}, {engine.threads} threads, {arguments.tokens} thinking tokens each")
        print("           whole run         decoding          a step, ms")
        print("sequences  tok/s  × one     tok/s  × one      all  outside llama_decode")
        alone = None
        for count in arguments.sequences:
            rate, step, outside = solve_side_by_side(engine, count, arguments.tokens)
            decoding = 1000 * count / step
            alone = alone or (rate, decoding)
            print(
                f"{count:9d} {rate:6.1f} {rate / alone[0]:6.2f}  {decoding:8.1f} {decoding / alone[1]:6.2f} "
                f"{step:8.1f} {outside:10.2f}",
                flush=True,
            )


def solve_side_by_side(engine: Engine, count: int, tokens: int) -> tuple[float, float, float]:
    """Tokens a second, milliseconds of a step, and of it outside llama.cpp, with `count` sequences at once."""
    numbers = random.Random(count)
    requests = [
        engine.request(
            PROBLEM.format(*(numbers.randint(10, 99) for _ in range(3))),
            tokens,
            solution_budget=16,
            cut_style="bare",
            loop_guard=False,
            id=str(number),
        )
        for number in range(count)
    ]
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
