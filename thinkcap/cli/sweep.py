"""`thinkcap sweep`: problems at many budgets, each thought shared by all of them."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from thinkcap.cli import INTERRUPTED
from thinkcap.cli.options import GenerationOptions, ParamType, generation_options
from thinkcap.cli.runner import (
    RunOptions,
    carry_out,
    fetch_if_missing,
    profile_of,
    read_problems,
    run_options,
    say,
    say_if_alike,
)
from thinkcap.errors import UsageError
from thinkcap.text import parse_tokens

if TYPE_CHECKING:
    from thinkcap.runs.plan import Plan

MOST_DOUBLED = 4096
"""Where a range up to `none` stops doubling."""
FILE_ENDINGS = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet", ".txt", ".gz")
"""What has no blank in it and ends like this is a file, also where there is none of that name."""

EXAMPLES = """\
\b
Examples:
  thinkcap sweep "What is 384 + 297 + 581?" --budgets 0,16..128,none --model abacus
  thinkcap sweep problems.jsonl -o curve.jsonl --budgets 0,64..4096
  thinkcap sweep aime.json -o aime.jsonl --budgets 512..none --samples 16
  thinkcap sweep aime.json --budgets 512..4k --samples 16 --dry-run
"""


class Budgets(ParamType):
    """Thinking budgets: `0,64,256`, ranges that double (`64..4096`), and `none`."""

    name = "budgets"

    def convert(
        self, value: Any, parameter: click.Parameter | None, context: click.Context | None
    ) -> tuple[int | None, ...]:
        if isinstance(value, tuple):
            return value
        try:
            return parse_budgets(value)
        except UsageError as error:
            self.fail(str(error), parameter, context)


def parse_budgets(text: str) -> tuple[int | None, ...]:
    """Reads `0,64..512,none` as thinking budgets, from the smallest to none.

    `64..512` doubles: 64, 128, 256, 512; its end is in it also where no doubling meets it. `64..none` doubles up to
    4096 and ends in none. Raises UsageError for anything else.
    """
    found: set[int | None] = set()
    for part in text.split(","):
        first, dots, last = part.partition("..")
        found |= set(_doubled(part.strip(), parse_tokens(first), parse_tokens(last)) if dots else [parse_tokens(part)])
    return tuple(sorted(found, key=lambda budget: float("inf") if budget is None else budget))


def _doubled(part: str, first: int | None, last: int | None) -> list[int | None]:
    if not first:
        raise UsageError(f"{part} can't double from its beginning: write a range like 64..1024, with 0, before it.")
    if last is not None and last < first:
        raise UsageError(f"{part} runs backwards: write the smaller budget first.")
    budgets: list[int | None] = [first]
    while (budget := 2 * (budgets[-1] or 0)) <= (MOST_DOUBLED if last is None else last):
        budgets.append(budget)
    return budgets if budgets[-1] == last else [*budgets, last]


@click.command(epilog=EXAMPLES, short_help="Solve problems at several budgets, sharing their thoughts.")
@click.argument("subject", metavar="FILE|PROBLEM")
@click.option(
    "--budgets", type=Budgets(), required=True, help="Thinking budgets: 0,64,256, a doubling 64..4096, and none."
)
@click.option("--expect", metavar="ANSWER", help="The right answer, where a PROBLEM was given.")
@run_options
@generation_options
def command(
    subject: str, budgets: tuple[int | None, ...], expect: str | None, run: RunOptions, options: GenerationOptions
) -> None:
    """Solve problems at every budget of --budgets for little more than the price of the largest.

    One thought runs to the largest budget. At each smaller one it forks: the fork is closed and answered while the
    thought goes on. Each result is what that budget gives on its own; budgets past the thought's own end share its
    answer. Models that are told their budget in the prompt need a thought for each.

    `64..512` doubles: 64, 128, 256, 512. `64..none` doubles up to 4096 and ends in none, as long as the context allows.

    An existing file, or `-` for standard input, is read as `thinkcap batch` reads it: a result for each problem, sample
    and budget goes into the file after -o, and the same command goes on where it stopped. Anything else is a problem,
    and without -o its answers are shown as a table, or as JSON with --json.

    Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted.
    """
    from thinkcap.runs.plan import Plan

    if options.budget is not None:
        raise UsageError("A sweep runs several budgets: write them after --budgets, and leave --budget out.")
    plan = Plan(options.request(), options.samples, budgets)
    source = subject if is_file(subject) else None
    if source is not None:
        if expect is not None:
            raise UsageError(f"--expect goes with a problem, and {subject} is a file: its own answers are compared.")
        if run.output is None and not run.dry_run:
            raise UsageError("Say where the results go: -o results.jsonl.")
        problems = read_problems(subject, run, options)
    else:
        from thinkcap.cli.solve import read_expected, read_problem
        from thinkcap.engine.request import id_of
        from thinkcap.runs.problems import Problem

        _refuse_options_of_files(subject, run)
        text = read_problem(subject)
        problems = [Problem(id_of(text), text, read_expected(expect))]
        if not run.dry_run:
            fetch_if_missing(options)
    _say_if_told(plan, options)
    say_if_alike(plan, options)
    if run.output is not None or run.dry_run:
        carry_out(problems, plan, run, options, source=source)
    else:
        _show(problems[0].text, problems[0].expected, plan, run, options)


def is_file(subject: str) -> bool:
    """Whether the argument is a file of problems, and not a problem itself."""
    named = not any(map(str.isspace, subject)) and subject.lower().endswith(FILE_ENDINGS)
    try:
        return subject == "-" or named or Path(subject).exists()
    except (OSError, ValueError):  # too long for a path, or with a NUL in it
        return False


def _refuse_options_of_files(subject: str, run: RunOptions) -> None:
    given = {
        "--problem-field": run.problem_field,
        "--answer-field": run.answer_field,
        "--id-field": run.id_field,
        "--limit": run.limit,
        "--shuffle": run.shuffle,
        "--ids": run.ids,
    }
    if names := [name for name, value in given.items() if value]:
        raise UsageError(f"There is no file {subject[:60]!r}, and {names[0]} goes with a file of problems.")
    if run.ray and not run.output:
        raise UsageError("--ray writes into a result file: say which with -o results.jsonl.")


def _say_if_told(plan: Plan, options: GenerationOptions) -> None:
    from thinkcap.catalog.locate import NotDownloaded

    with suppress(NotDownloaded):  # a dry run, or a cluster that has it
        profile = profile_of(options)
        if (thoughts := plan.thoughts(profile)) > 1:
            say(f"{profile.name} is told its budget in the prompt, so each of the {thoughts} budgets takes a thought.")


def _show(problem: str, expected: str | None, plan: Plan, run: RunOptions, options: GenerationOptions) -> None:
    from thinkcap.cli.runner import solve_here
    from thinkcap.show.tables.sweep_table import print_sweep
    from thinkcap.text import write_json

    outcomes, finished = solve_here(plan, problem, expected, options, run.width)
    outcomes.sort(key=lambda outcome: (outcome.sample, outcome.budget.thinking is None, outcome.budget.thinking))
    if options.json:
        for outcome in outcomes:
            write_json(outcome.to_dict(), sys.stdout)
    elif outcomes:
        print_sweep(outcomes, sys.stdout)
    if not finished:
        raise click.exceptions.Exit(INTERRUPTED)
