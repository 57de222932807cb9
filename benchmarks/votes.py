"""Votes against single thoughts at equal cost: one thought, maj@k, and votes over several depths of each thought.

    python benchmarks/votes.py

Runs abacus on its held-out problems at temperature 0.6, each method at each budget. A shared thought's tokens count
once. Fractured Sampling (arXiv 2505.12992) answers a thought at H evenly spaced depths, m times at each.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import thinkcap
from thinkcap.engine.settings import Settings
from thinkcap.grading import Grader
from thinkcap.runs.batch import run, tasks_of
from thinkcap.runs.groups import group
from thinkcap.runs.methods import methods
from thinkcap.runs.plan import Plan
from thinkcap.runs.problems import load
from thinkcap.runs.result import Result
from thinkcap.runs.result_file import ResultFile, read
from thinkcap.show.tables.method_table import print_methods
from thinkcap.text import parse_budgets

HELD_OUT = Path(__file__).parent.parent / "examples" / "abacus-heldout.jsonl"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="abacus")
    parser.add_argument("--file", default=str(HELD_OUT))
    parser.add_argument("--limit", type=int)
    parser.add_argument("--budgets", type=parse_budgets, default=parse_budgets("64,96,128,none"))
    parser.add_argument("--samples", type=int, default=8)
    parser.add_argument("--temperature", type=float, default=0.6)
    parser.add_argument("--depths", type=int, default=4)
    parser.add_argument("--answers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--solution-budget", type=int, default=64)
    parser.add_argument("--threads", type=int)
    arguments = parser.parse_args()
    settings = Settings(temperature=arguments.temperature, solution_budget=arguments.solution_budget)
    plans = [Plan(settings, arguments.samples, arguments.budgets)]
    for budget in arguments.budgets:
        if budget:
            plans += [
                Plan(replace(settings, budget=budget), max(1, arguments.samples // 2), (), arguments.depths, answers)
                for answers in arguments.answers
            ]
    problems = load(arguments.file, limit=arguments.limit)
    found: list[Result] = []
    with (
        thinkcap.load(arguments.model, threads=arguments.threads) as engine,
        Grader() as grader,
        tempfile.TemporaryDirectory() as folder,
    ):
        for number, plan in enumerate(plans):
            path = Path(folder) / f"{number}.jsonl"
            kept = plan.run_settings(engine.profile, engine.model_sha256, None)
            with ResultFile(path) as results:
                run(engine, tasks_of(problems, plan, engine.profile), results, plan, kept, grader=grader)
            found += read(path)
        print(f"{arguments.model}, {len(problems)} problems, temperature {arguments.temperature}")
        print_methods(methods(group(found), grader), sys.stdout)


if __name__ == "__main__":
    main()
