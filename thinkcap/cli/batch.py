"""`thinkcap batch`: a file of problems, solved side by side into a result file."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from thinkcap.cli import INTERRUPTED, options
from thinkcap.cli.parameter_types import FilePath
from thinkcap.cli.terminal import progress, say
from thinkcap.engine.settings import Settings
from thinkcap.errors import UsageError
from thinkcap.runs.load_options import LoadOptions

if TYPE_CHECKING:
    from thinkcap.runs.problems import Problem
    from thinkcap.runs.session import Session

EXAMPLES = """\
  thinkcap batch problems.jsonl -o results.jsonl --model abacus
  thinkcap batch aime.json -o aime.jsonl --budget 2k --samples 16
  thinkcap batch aime.json -o votes.jsonl -b 2k -k 32 --vote-until 0.95
  thinkcap batch test.csv -o out.jsonl --problem-field text --shuffle
  thinkcap batch aime.json --budget 8k --samples 16 --dry-run
"""


@options.command(EXAMPLES)
@click.argument("file", type=FilePath())
@options.settings()
@options.samples
@options.votes
@options.load()
@options.problems
@options.run
@options.json
def command(
    file: str,
    settings: Settings,
    samples: int,
    votes: options.VoteOptions,
    load: LoadOptions,
    choice: options.ProblemOptions,
    run: options.RunOptions,
    as_json: bool,
) -> None:
    """Solve every problem of FILE, and grade the answers if FILE has them.

    FILE is JSON Lines, a JSON array, CSV, TSV, Parquet or a text with a problem on each line, gzipped or not; `-` is
    standard input. The usual field names (problem, question, prompt; answer, solution …) are found.

    Each result is written as it finishes. Run the same command again and it goes on where it stopped, whether it was
    interrupted, killed, or given more --samples or problems.

    --vote compares the vote over the samples with single thoughts, in accuracy and in tokens. --vote-until P stops each
    vote once it is decided, --vote-first M once M samples have finished; the file says which samples were not needed
    (`unneeded`), and the report counts the tokens of cancelled ones. --vote-depths H answers each thought at H depths
    of its budget, --answers M times each, and votes over all of them.

    Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted.
    """
    from thinkcap.runs.plan import Plan
    from thinkcap.runs.session import Session

    check_output(run)
    votes.check(samples)
    problems = read_problems(file, choice, settings)
    plan = Plan(settings, samples, depths=votes.depths, answers=votes.answers, vote=votes.rule)
    session = Session(load, plan, say, progress(log=load.verbose), run.parallel, run.ray)
    session.check()
    run_into_file(session, problems, run, source=file, votes=votes, as_json=as_json)


def check_output(run: options.RunOptions) -> None:
    """Raises UsageError if a run over a file has no place to write."""
    if run.output is None and not run.dry_run:
        raise UsageError("Say where the results go: -o results.jsonl.")


def read_problems(file: str, choice: options.ProblemOptions, settings: Settings) -> list[Problem]:
    """The problems that the options choose from a file. Raises ThinkcapError as `thinkcap.runs.problems.load` does."""
    from thinkcap.runs.problems import Fields, load

    return load(
        file,
        Fields(choice.problem_field, choice.answer_field, choice.id_field),
        ids=choice.ids,
        shuffle=settings.given().get("seed", 0) if choice.shuffle else None,
        limit=choice.limit,
    )


def run_into_file(
    session: Session,
    problems: list[Problem],
    run: options.RunOptions,
    *,
    source: str | None,
    votes: options.VoteOptions | None = None,
    as_json: bool = False,
) -> None:
    """Runs problems into the result file and prints what it then holds; a dry run says what it would take."""
    if run.dry_run:
        from thinkcap.runs.estimate import estimate
        from thinkcap.show.tables.estimate_lines import estimate_lines
        from thinkcap.text import write_json, write_line

        found = estimate(session.load, session.plan, problems, parallel=run.parallel, output=run.output)
        if as_json:
            write_json(found.to_dict(), sys.stdout)
        else:
            write_line("\n".join(estimate_lines(found)), sys.stdout)
        return
    from thinkcap.cli.report import print_figures
    from thinkcap.runs.report import make_report

    assert run.output is not None
    if not session.run(problems, run.output, source=source, restart=run.restart):
        raise click.exceptions.Exit(INTERRUPTED)
    wanted, by = (votes.wanted, votes.by) if votes is not None else (False, None)
    print_figures(make_report([run.output], votes=wanted, vote_by=by), as_json=as_json)
