"""What early answers save and cost: --until-sure K against full thoughts.

    python benchmarks/early_answers.py

Runs abacus on its held-out problems without a budget. The first table covers all of them, the second those whose full
thought is longer than --longer tokens. Tokens are everything a problem used: thinking, injected, solution and the early
answers themselves. `early` is the share of thoughts that early answers closed.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

import thinkcap
from thinkcap.engine.settings import Settings
from thinkcap.grading import Grader
from thinkcap.runs.batch import run, tasks_of
from thinkcap.runs.cost import cost_of
from thinkcap.runs.metrics import measure
from thinkcap.runs.plan import Plan
from thinkcap.runs.problems import load
from thinkcap.runs.result import Result
from thinkcap.runs.result_file import ResultFile, read
from thinkcap.text import parse_budgets

HELD_OUT = Path(__file__).parent.parent / "examples" / "abacus-heldout.jsonl"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="abacus")
    parser.add_argument("--quant")
    parser.add_argument("--file", default=str(HELD_OUT))
    parser.add_argument("--limit", type=int)
    parser.add_argument("--sure", type=int, nargs="+", default=[0, 1, 2, 3])
    parser.add_argument("--budget", type=parse_budgets, default=(None,))
    parser.add_argument("--temperature", type=float, default=0.0)
    parser.add_argument("--solution-budget", type=int, default=64)
    parser.add_argument("--longer", type=int, default=96)
    parser.add_argument("--threads", type=int)
    arguments = parser.parse_args()
    problems = load(arguments.file, limit=arguments.limit)
    settings = Settings(
        budget=arguments.budget[0], temperature=arguments.temperature, solution_budget=arguments.solution_budget
    )
    with (
        thinkcap.load(arguments.model, quant=arguments.quant, threads=arguments.threads) as engine,
        Grader() as grader,
        tempfile.TemporaryDirectory() as folder,
    ):
        runs: dict[int, list[Result]] = {}
        for sure in arguments.sure:
            plan = Plan(replace(settings, until_sure=sure))
            path = Path(folder) / f"{sure}.jsonl"
            with ResultFile(path) as results:
                kept = plan.run_settings(engine.profile, engine.model_sha256, None)
                run(engine, tasks_of(problems, plan, engine.profile), results, kept, grader=grader)
            runs[sure] = list(read(path))
        print(f"{arguments.model} {engine.profile.quant}, temperature {arguments.temperature}")
    first = runs[arguments.sure[0]]
    table(runs, {result.id for result in first}, "all problems")
    long = {result.id for result in first if result.thinking_tokens > arguments.longer}
    table(runs, long, f"thoughts of more than {arguments.longer} tokens")


def table(runs: dict[int, list[Result]], ids: set[str], title: str) -> None:
    if not ids:
        return
    print(f"\n{title}, {len(ids)}")
    print("K  right %        95 %   lost  thinking  early answers  tokens  saved %  early %")
    whole: tuple[float, float] | None = None
    for sure, results in runs.items():
        whole = row(sure, [result for result in results if result.id in ids], whole)


def row(sure: int, results: list[Result], whole: tuple[float, float] | None) -> tuple[float, float]:
    """Prints a row of the table. `whole` is the accuracy and tokens of the first row; returns it."""
    accuracy = measure(results).accuracy
    assert accuracy is not None
    cost, count = cost_of(results), len(results)
    tokens = cost.total / count
    whole = whole or (accuracy.value, tokens)
    early = sum(result.stop_reason == "sure" for result in results) / count
    print(
        f"{sure}  {100 * accuracy.value:7.1f}  {100 * accuracy.low:5.1f}-{100 * accuracy.high:5.1f}  "
        f"{100 * (whole[0] - accuracy.value):5.1f}  {cost.thinking / count:8.1f}  {cost.probes / count:13.1f}  "
        f"{tokens:6.1f}  {100 * (1 - tokens / whole[1]):7.1f}  {100 * early:7.1f}",
        flush=True,
    )
    return whole


if __name__ == "__main__":
    main()
