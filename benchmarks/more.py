"""What thinking more costs: a thought that goes on under a larger budget, against the larger budget at once.

    python benchmarks/more.py benchmarks/cache/shape-1.5b-q8_0.gguf --budgets 1024,2048 --runs 3
    python benchmarks/more.py abacus --batch

The first measures seconds, in turn within each run: the larger budget at once; the same from the smaller one's thought
while its cells are kept; and in a newly loaded engine, which reads the thought again. The second tops abacus's held-out
problems up from 64 thinking tokens to no limit and counts what is sampled and decoded.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import thinkcap
from benchmarks.machine import Watch
from thinkcap.engine.more import is_settled
from thinkcap.engine.outcome import Outcome
from thinkcap.engine.settings import Options
from thinkcap.runs.problems import load

HELD_OUT = Path(__file__).parents[1] / "examples" / "abacus-heldout.jsonl"
PROBLEM = "Find the sum of all positive integers n below 100 for which n^2 + 1 is divisible by 5."


def measure(seed: int, arguments: argparse.Namespace) -> dict[str, float]:
    """Seconds of each way to the larger budget."""
    smaller, larger = map(int, arguments.budgets.split(","))
    options: Options = {"seed": seed, "solution_budget": 1, "loop_guard": False, "force_answer": False}
    with thinkcap.load(arguments.model, threads=arguments.threads) as engine:
        at_once = seconds(lambda: engine.solve(PROBLEM, larger, **options), larger)
        cut = engine.solve(PROBLEM, smaller, **options)
        kept = seconds(lambda: engine.more(cut, larger), larger)
    with thinkcap.load(arguments.model, threads=arguments.threads) as fresh:
        fresh.solve(PROBLEM, 1, **options)
        return {"at once": at_once, "cells kept": kept, "read again": seconds(lambda: fresh.more(cut, larger), larger)}


def seconds(work: Callable[[], Outcome], tokens: int) -> float:
    began = time.perf_counter()
    outcome = work()
    assert outcome.thinking_tokens == tokens, outcome
    return time.perf_counter() - began


def alternate(arguments: argparse.Namespace) -> None:
    smaller, larger = arguments.budgets.split(",")
    watch = Watch()
    runs = [measure(seed, arguments) for seed in range(arguments.runs)]
    times = {name: [run[name] for run in runs] for name in runs[0]}
    print(f"{smaller} to {larger} thinking tokens, others took {watch.others():.0%} of the machine")
    for name, found in times.items():
        ratios = [one / whole for one, whole in zip(found, times["at once"], strict=True)]
        spread = f"({min(ratios):.3f} to {max(ratios):.3f})"
        print(f"  {name:<10}  {statistics.median(found):6.2f} s, {statistics.median(ratios):.3f} × {spread}")


def top_up(arguments: argparse.Namespace) -> None:
    problems = [problem.text for problem in load(str(HELD_OUT))]
    with thinkcap.load(arguments.model, quant="f16", threads=arguments.threads) as engine:
        cut = [each for each in engine.solve_many(problems, 64) if isinstance(each, Outcome)]
        at_once = {each.id: each for each in engine.solve_many(problems, None) if isinstance(each, Outcome)}
        going_on = [outcome for outcome in cut if not is_settled(outcome)]
        before = engine.counts
        more = [
            each
            for each in engine.solve_many([engine.more_request(outcome, None) for outcome in going_on])
            if isinstance(each, Outcome)
        ]
        sampled = engine.counts.sampled - before.sampled
    alike = sum(
        (each.thinking, each.solution) == (at_once[each.id].thinking, at_once[each.id].solution) for each in more
    )
    missing = sum(each.thinking_tokens - each.resumed_tokens for each in more)
    # Each reply also samples the end of its thought and its own end.
    answers = sum(
        each.solution_tokens + (each.stop_reason == "natural") + (each.finish_reason == "stop") for each in more
    )
    print(f"{len(cut)} problems at 64 thinking tokens: {len(cut) - len(going_on)} ended by themselves")
    print(f"the other {len(more)} go on: {missing:,} thinking tokens are missing, {answers:,} are sampled to answer")
    print(f"sampled: {sampled:,}; as at once: {alike} of {len(more)}")
    if sampled != missing + answers:
        raise SystemExit("tokens were sampled that were there already")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--budgets", default="1024,2048")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--batch", action="store_true")
    arguments = parser.parse_args()
    (top_up if arguments.batch else alternate)(arguments)


if __name__ == "__main__":
    main()
