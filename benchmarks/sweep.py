"""What a sweep saves: it gives the results of one batch for each budget, at the cost of one thought and the answers.

    python benchmarks/sweep.py                     # abacus, its held-out problems
    python benchmarks/sweep.py --model benchmarks/cache/shape-1.5b-q8_0.gguf --quants q8_0 \\
        --limit 8 --length 500 --budgets 32..512 --solution-budget 64 --cut-style bare --no-loop-guard --no-count

Everything is greedy. For each quant it prints how many records of the sweep equal those of the batches, the tokens
that were decoded and how many were expected, and the times of the sweep and the batches. Tokens are counted while
sweeping one problem at a time, because problems swept together share the cells of equal beginnings. Expected are each
prompt once, the thought of the largest budget with its marker, and the injected and solution tokens of every answer.
The last token of a solution that ended at its limit is sampled but not decoded.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path

import thinkcap
from thinkcap.engine.core import Step
from thinkcap.engine.engine import Engine
from thinkcap.engine.outcome import Failure, Outcome
from thinkcap.engine.request import Request
from thinkcap.runs.result import Key
from thinkcap.text import parse_budgets

HELD_OUT = Path(__file__).parent.parent / "examples" / "abacus-heldout.jsonl"


@dataclass(frozen=True)
class Run:
    """Outcomes by key, the number of decoded tokens, and the seconds."""

    outcomes: dict[Key, Outcome]
    decoded: int
    seconds: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="abacus")
    parser.add_argument("--quants", nargs="+", default=["f16", "q8_0"])
    parser.add_argument("--file", type=Path, default=HELD_OUT)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--length", type=int, help="repeat each problem up to this many tokens")
    parser.add_argument("--budgets", type=parse_budgets, default=parse_budgets("0,16..256"))
    parser.add_argument("--solution-budget", type=int, default=64)
    parser.add_argument("--cut-style")
    parser.add_argument("--no-loop-guard", action="store_true")
    parser.add_argument(
        "--parallel", type=int, default=16, help="sequences at once in a batch, and thoughts at once in a sweep"
    )
    parser.add_argument("--sweep-parallel", type=int, help="thoughts at once in a sweep, if different")
    parser.add_argument("--no-count", action="store_true", help="don't count tokens, which saves a run")
    parser.add_argument("--threads", type=int)
    arguments = parser.parse_args()
    problems = [json.loads(line)["problem"] for line in arguments.file.read_text().splitlines()][: arguments.limit]
    options = {
        "solution_budget": arguments.solution_budget,
        "cut_style": arguments.cut_style,
        "loop_guard": not arguments.no_loop_guard,
        "temperature": 0.0,
    }
    print(f"{arguments.model}, {len(problems)} problems, budgets {arguments.budgets}")
    print("quant  records  equal        %   decoded  expected   sweep s  batches s  ratio")
    for quant in arguments.quants:
        with thinkcap.load(
            arguments.model, quant=None if Path(arguments.model).exists() else quant, threads=arguments.threads
        ) as engine:
            engine.solve(problems[0], 8)  # reads the weights into memory
            if arguments.length:
                problems = [lengthened(engine, problem, arguments.length) for problem in problems]
            sweeps = [r for problem in problems for r in engine.sweep_requests(problem, arguments.budgets, **options)]
            counted = [] if arguments.no_count else [run(engine, [request], 1) for request in sweeps]
            swept = run(engine, sweeps, arguments.sweep_parallel or arguments.parallel)
            batches = [
                run(engine, [engine.request(problem, budget, **options) for problem in problems], arguments.parallel)
                for budget in arguments.budgets
            ]
        alone = {key: outcome for each in batches for key, outcome in each.outcomes.items()}
        equal = sum(texts(swept.outcomes[key]) == texts(alone[key]) for key in alone)
        seconds = sum(each.seconds for each in batches)
        decoded, expected = sum(each.decoded for each in counted), sum(map(expected_tokens, counted))
        print(
            f"{quant:5}  {len(alone):7}  {equal:5}  {100 * equal / len(alone):6.2f}  {decoded:8}  "
            f"{expected:8}  {swept.seconds:8.2f}  {seconds:9.2f}  {swept.seconds / seconds:5.2f}",
            flush=True,
        )


def lengthened(engine: Engine, problem: str, length: int) -> str:
    """`problem` repeated up to `length` tokens."""
    tokens = engine.model.tokenize(f"{problem} " * length)[:length]
    return b"".join(map(engine.model.piece, tokens)).decode("utf-8", "replace")


def run(engine: Engine, requests: list[Request], parallel: int) -> Run:
    steps: list[Step] = []
    outcomes: dict[Key, Outcome] = {}
    began = time.perf_counter()
    for result in engine.solve_many(requests, parallel=parallel, on_step=steps.append):
        if isinstance(result, Failure):
            raise result.error
        outcomes[Key.of(result)] = result
    return Run(outcomes, steps[-1].decoded, time.perf_counter() - began)


def texts(outcome: Outcome) -> tuple[object, ...]:
    return (
        outcome.thinking,
        outcome.solution,
        outcome.stop_reason,
        outcome.finish_reason,
        outcome.thinking_tokens,
        outcome.injected_tokens,
        outcome.solution_tokens,
    )


def expected_tokens(swept: Run) -> int:
    """How many tokens had to be decoded, going by the outcomes of one thought."""
    trunk = max(swept.outcomes.values(), key=lambda outcome: (outcome.thinking_tokens, not outcome.shared))
    marker = trunk.stop_reason == "natural" and not trunk.injected_tokens
    answers = [outcome for outcome in swept.outcomes.values() if not outcome.shared]
    total = trunk.prompt_tokens + trunk.thinking_tokens + marker
    total += sum(outcome.injected_tokens + outcome.solution_tokens for outcome in answers)
    return total - sum(outcome.finish_reason == "length" for outcome in answers)


if __name__ == "__main__":
    main()
