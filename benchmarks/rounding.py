"""How often a result stays the same on another way to it, on the real text of a quantised model.

    python benchmarks/rounding.py --seconds 600

llama.cpp's attention rounds differently from 64 tokens of a text in one decode on, coarsely enough to change a token
that is drawn at random or a near tie, so thinkcap reads texts in shorter pieces. First the largest difference of a
logit between a prompt that is read at once and one that is read token by token. Then, for each of 100 prompts, the
result under a budget at once is compared with the same request again, with a smaller budget that goes on while its
cells are kept, with one that goes on in another engine (which reads the thought again), with a fork of a sweep, and
with the request in a batch of 16. An engine of each way has read the prompts before it in the same order.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import smollm2
from thinkcap.engine.engine import Engine
from thinkcap.engine.model.kv_cache import KvCache
from thinkcap.engine.model.kv_pool import KvPlan
from thinkcap.engine.outcome import Outcome
from thinkcap.engine.settings import Options

SMALLER, LARGER, SOLUTION = 24, 64, 8
LENGTHS = (32, 48, 60, 64, 96, 128)


def difference(engine: Engine, count: int) -> float:
    """The largest difference of a logit behind `count` tokens that are read at once, and one by one."""
    tokens = engine.model.tokenize(" ".join(smollm2.prompts().values()))[:count]
    logits = []
    for chunk in (count, 1):
        cache = KvCache(engine.model, KvPlan(256, 1), engine.threads)
        for start in range(0, count, chunk):
            cache.add(0, start, tokens[start : start + chunk], True)
            *_, row = cache.decode()
        logits.append(row.copy())
        cache.close()
    return float(abs(logits[0] - logits[1]).max())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after this time")
    parser.add_argument("--temperature", type=float, default=0.8)
    parser.add_argument("--threads", type=int)
    asked = parser.parse_args()
    options: Options = {"solution_budget": SOLUTION, "temperature": asked.temperature, "cut_style": "bare"}
    alike: Counter[str] = Counter()
    thoughts: Counter[str] = Counter()
    reference: dict[str, Outcome] = {}
    ends = time.monotonic() + asked.seconds

    def compare(way: str, outcome: Outcome) -> None:
        at_once = reference[outcome.problem]
        thoughts[way] += outcome.thinking == at_once.thinking
        alike[way] += (outcome.thinking, outcome.solution) == (at_once.thinking, at_once.solution)

    with ExitStack() as stack:
        once, cut, other, sweep, batch = (stack.enter_context(smollm2.load(asked.threads)) for _ in range(5))
        for count in LENGTHS:
            print(f"{count} tokens at once and one by one: logits differ by {difference(once, count):.4f} at most")
        for prompt in smollm2.prompts().values():
            if time.monotonic() > ends:
                break
            reference[prompt] = once.solve(prompt, LARGER, **options)
            compare("again", once.solve(prompt, LARGER, **options))
            smaller = cut.solve(prompt, SMALLER, **options)
            compare("more, cells kept", cut.more(smaller, LARGER))
            compare("more, read again", other.more(smaller, LARGER))
            for fork in sweep.sweep(prompt, [SMALLER, LARGER], **options):
                if fork.budget.thinking == LARGER:
                    compare("sweep", fork)
        for outcome in batch.solve_many(reference, LARGER, **options):
            assert isinstance(outcome, Outcome)
            compare("batch", outcome)
    print(f"{len(reference)} prompts, {SMALLER} and {LARGER} thinking tokens, temperature {asked.temperature}")
    print("| as at once | thought | thought and solution |\n| --- | --- | --- |")
    for way, count in thoughts.items():
        print(f"| {way} | {count} | {alike[way]} |")


if __name__ == "__main__":
    main()
