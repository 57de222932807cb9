"""What each way to vote gives on which ground: on problems that are made up, and on abacus when it errs.

    python benchmarks/vote_grounds.py made-up
    python benchmarks/vote_grounds.py abacus --budgets 64,96,none --temperatures 0.6 1.0 1.2

A made-up problem has a chance to be answered right, drawn from one of MIXTURES, and wrong answers that share the rest:
their shares are Dirichlet with parameter SPREAD over WRONG answers, so that one or two are usually ahead. Thoughts have
log-normal lengths; those of wrong answers are longer by a factor.

A vote that ended early did so falsely if all samples would have elected another answer.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

import thinkcap
from benchmarks.vote_methods import HEADINGS, Recorded, methods, rows
from thinkcap.engine.settings import Settings
from thinkcap.grading import Grader
from thinkcap.runs.batch import run, tasks_of
from thinkcap.runs.groups import vote_on
from thinkcap.runs.metrics import by_problem, total_tokens
from thinkcap.runs.plan import Plan
from thinkcap.runs.polls import VoteRule
from thinkcap.runs.problems import Problem, load
from thinkcap.runs.result import Result
from thinkcap.runs.result_file import ResultFile, read
from thinkcap.text import parse_budgets

HELD_OUT = Path(__file__).parent.parent / "examples" / "abacus-heldout.jsonl"

MIXTURES = {
    "mostly easy": ((0.55, 20, 1), (0.25, 2, 2), (0.20, 1, 8)),
    "mostly hard": ((0.20, 12, 1.5), (0.40, 1.2, 1.8), (0.40, 0.5, 8)),
    "every chance": ((1.0, 1, 1),),
    "all near a half": ((1.0, 10, 10),),
}
"""Distributions of the chance to be right: (weight, a, b) of beta distributions."""
WRONG = 12
SPREAD = 0.3
LENGTH = 1000
"""Tokens of a right answer in the mean."""
LENGTH_SIGMA = 0.5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    grounds = parser.add_subparsers(dest="ground", required=True)
    made_up = grounds.add_parser("made-up")
    made_up.add_argument("--problems", type=int, default=10_000)
    made_up.add_argument("--longer", type=float, default=1.3, help="by this factor the thoughts of wrong answers")
    made_up.add_argument("--seed", type=int, default=0)
    abacus = grounds.add_parser("abacus")
    abacus.add_argument("--model", default="abacus")
    abacus.add_argument("--file", default=str(HELD_OUT))
    abacus.add_argument("--limit", type=int)
    abacus.add_argument("--budgets", type=parse_budgets, default=parse_budgets("64,96,none"))
    abacus.add_argument("--temperatures", type=float, nargs="+", default=[0.6, 1.0, 1.2])
    abacus.add_argument("--threads", type=int)
    for each in (made_up, abacus):
        each.add_argument("--samples", type=int, default=32)
    arguments = parser.parse_args()
    print("| ground | " + " | ".join(HEADINGS) + " |")
    print("| --- " * (len(HEADINGS) + 1) + "|")
    for name, problems in (invented if arguments.ground == "made-up" else recorded)(arguments):
        for row in rows(problems, methods(arguments.samples, weighted=arguments.ground == "abacus")):
            print(f"| {name} | {row} |", flush=True)


def invented(arguments: argparse.Namespace) -> Iterator[tuple[str, list[Recorded]]]:
    """The samples of made-up problems, by the name of their mixture."""
    for name, mixture in MIXTURES.items():
        random = np.random.default_rng(arguments.seed)
        weights, a, b = zip(*mixture, strict=True)
        problems = []
        for part in random.choice(len(weights), size=arguments.problems, p=weights):
            right = random.beta(a[part], b[part])
            shares = np.array([right, *((1 - right) * random.dirichlet([SPREAD] * WRONG))])
            answers = random.choice(WRONG + 1, size=arguments.samples, p=shares / shares.sum())
            lengths = LENGTH * random.lognormal(-(LENGTH_SIGMA**2) / 2, LENGTH_SIGMA, arguments.samples)
            lengths *= np.where(answers == 0, 1.0, arguments.longer)
            problems.append(Recorded(answers.tolist(), frozenset([0]), lengths))
        yield name, problems


def recorded(arguments: argparse.Namespace) -> Iterator[tuple[str, list[Recorded]]]:
    """The samples of a model on its problems, by budget and temperature."""
    problems = load(arguments.file, limit=arguments.limit)
    with thinkcap.load(arguments.model, threads=arguments.threads) as engine, Grader() as grader:
        for temperature in arguments.temperatures:
            for budget in arguments.budgets:
                settings = Settings(temperature=temperature, budget=budget, solution_budget=64)
                results = sampled(engine, problems, Plan(settings, arguments.samples), grader)
                print(f"{len(results)} samples, {sum(bool(each.correct) for each in results)} right", file=sys.stderr)
                yield (
                    f"{arguments.model}, budget {budget or 'none'}, temperature {temperature}",
                    [_recorded(given, grader) for given in by_problem(results).values()],
                )


def sampled(engine: thinkcap.Engine, problems: Sequence[Problem], plan: Plan, grader: Grader) -> list[Result]:
    """Every sample of every problem."""
    settings = plan.run_settings(engine.profile, engine.model_sha256, None)
    with tempfile.TemporaryDirectory() as folder, ResultFile(Path(folder) / "samples.jsonl") as results:
        run(engine, tasks_of(problems, plan, engine.profile), results, plan, settings, grader=grader)
        return list(read(results.path))


def _recorded(results: Sequence[Result], grader: Grader) -> Recorded:
    vote = vote_on(results, grader)
    return Recorded(
        vote.labels,
        frozenset(label for label, group in enumerate(vote.groups) if results[group.members[0]].correct),
        np.array([float(total_tokens(result) + result.probe_tokens) for result in results]),
        VoteRule(by="confidence").weights(results),
    )


if __name__ == "__main__":
    main()
