"""`thinkcap sweep`: problems at many budgets, each thought shared by all of them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from thinkcap.cli import INTERRUPTED, options
from thinkcap.cli.batch import check_output, read_problems, run_into_file
from thinkcap.cli.parameter_types import Budgets, FilePath
from thinkcap.cli.terminal import progress, say
from thinkcap.engine.settings import Settings
from thinkcap.errors import UsageError
from thinkcap.runs.load_options import LoadOptions

if TYPE_CHECKING:
    from thinkcap.engine.outcome import Outcome
    from thinkcap.runs.problems import Problem
    from thinkcap.runs.session import Session

FILE_ENDINGS = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet", ".txt", ".gz")
"""What has no blank in it and ends like this is a file, even if there is none of that name."""

EXAMPLES = """\
  thinkcap sweep "What is 384 + 297 + 581?" --budgets 0,16..128 -m abacus
  thinkcap sweep problems.jsonl -o curve.jsonl --budgets 0,64..4096
  thinkcap sweep aime.json -o aime.jsonl --budgets 512..unlimited --samples 16
  thinkcap sweep aime.json --budgets 512..4k --samples 16 --dry-run
"""


@options.command(EXAMPLES)
@click.argument("subject", type=FilePath(), metavar="FILE|PROBLEM")
@options.add(
    "--budgets",
    type=Budgets(),
    required=True,
    group="Budget",
    help="Thinking budgets: 0,64,256, doubling 64..4096, unlimited.",
)
@options.settings(without=["budget", "time_limit"])
@options.samples
@options.load()
@options.add("--expect", metavar="ANSWER", group="Problem", help="The right answer, if a PROBLEM is given.")
@options.problems
@options.run
@options.json
def command(
    subject: str,
    budgets: tuple[int | None, ...],
    settings: Settings,
    samples: int,
    load: LoadOptions,
    expect: str | None,
    choice: options.ProblemOptions,
    run: options.RunOptions,
    as_json: bool,
) -> None:
    """Solve problems at every budget of --budgets for little more than the price of the largest.

    One thought runs to the largest budget. At each smaller one it forks: the fork is closed and answered while the
    thought goes on. Each result is what that budget gives when run alone; budgets past the thought's end share its
    answer. Models that read their budget in the prompt need a thought for each.

    `64..512` doubles: 64, 128, 256, 512. `0..512` is 0, then doubles from 16. `64..unlimited` doubles up to 4096 and
    ends in no limit but the context's.

    An existing file, or `-` for standard input, is read as `thinkcap batch` reads it: a result for each problem, sample
    and budget goes into the file after -o, and the same command goes on where it stopped. Anything else is a problem,
    and without -o its answers are shown as a table, or as JSON with --json. On a terminal the one thought streams by,
    with a mark at each budget and each fork's answer as it comes; the first Ctrl-C makes the model answer now.

    Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted.
    """
    from thinkcap.runs.plan import Plan
    from thinkcap.runs.session import Session

    from_file = is_file(subject)
    if from_file:
        if expect is not None:
            raise UsageError(f"--expect goes with a problem, and {subject} is a file: its own answers are compared.")
        check_output(run)
        problems = read_problems(subject, choice, settings)
    else:
        problems = [_problem(subject, expect, choice, run, load)]
    into_file = run.output is not None or run.dry_run
    watch = progress(log=load.verbose, lines=into_file)
    session = Session(load, Plan(settings, samples, budgets), say, watch, run.parallel, run.ray)
    session.check()
    if into_file:
        run_into_file(session, problems, run, source=subject if from_file else None, as_json=as_json)
    else:
        _show(session, problems[0], as_json)


def is_file(subject: str) -> bool:
    """Whether the argument is a file of problems, and not a problem itself."""
    named = not any(map(str.isspace, subject)) and subject.lower().endswith(FILE_ENDINGS)
    try:
        return subject == "-" or named or Path(subject).exists()
    except (OSError, ValueError):  # too long for a path, or with a NUL in it
        return False


def _problem(
    subject: str, expect: str | None, choice: options.ProblemOptions, run: options.RunOptions, load: LoadOptions
) -> Problem:
    """The problem on the command line. Raises UsageError for options that go with a file."""
    from thinkcap.cli.pull import offer_if_missing
    from thinkcap.cli.solve import read_problem

    if choice.first_given is not None:
        raise UsageError(f"There is no file {subject[:60]!r}, and {choice.first_given} goes with a file of problems.")
    if run.ray and not run.output:
        raise UsageError("--ray writes into a result file: say which with -o results.jsonl.")
    problem = read_problem([subject], expect)
    if not run.dry_run:
        offer_if_missing(load)
    return problem


def _show(session: Session, problem: Problem, as_json: bool) -> None:
    from thinkcap.engine.outcome import Outcome
    from thinkcap.show.live.view import is_steerable
    from thinkcap.show.tables.sweep_table import print_sweep
    from thinkcap.text import write_json

    one_thought = session.plan.samples == 1 and session.plan.thoughts(session.load.profile()) == 1
    watched = one_thought and is_steerable(sys.stdout) and not (as_json or session.load.verbose)
    outcomes, finished = _watch(session, problem) if watched else session.solve(problem)
    outcomes.sort(key=lambda outcome: (outcome.sample, outcome.budget.thinking is None, outcome.budget.thinking))
    if as_json:
        for outcome in outcomes:
            write_json(Outcome.to_dict(outcome), sys.stdout)
    elif outcomes:
        print_sweep(outcomes, sys.stdout)
    if not finished:
        raise click.exceptions.Exit(INTERRUPTED)


def _watch(session: Session, problem: Problem) -> tuple[list[Outcome], bool]:
    """Shows the one thought as it is thought, with each fork's answer. Returns what `Session.solve` does."""
    from thinkcap.runs.batch import is_interrupted
    from thinkcap.show.live.live_view import LiveView
    from thinkcap.text import write_line

    outcomes: list[Outcome] = []
    with LiveView(sys.stdout, marks=[budget for budget in session.plan.budgets if budget is not None]) as view:
        view.status(f"loading {session.load.name or 'the model'}")
        for outcome in session.stream(problem, lambda sample: view.begin(sample, 1), view.show, answer_first=True):
            outcomes.append(outcome)
            if not outcome.shared:
                view.fork(outcome)
    write_line("", sys.stdout)
    return [outcome for outcome in outcomes if not is_interrupted(outcome)], not outcomes[-1].was_interrupted
