"""`thinkcap batch`: a file of problems, solved side by side into a result file."""

from __future__ import annotations

import click

from thinkcap.cli.options import GenerationOptions, VoteOptions, generation_options, vote_options
from thinkcap.cli.runner import RunOptions, carry_out, read_problems, run_options, say_if_alike
from thinkcap.errors import UsageError

EXAMPLES = """\
\b
Examples:
  thinkcap batch problems.jsonl -o results.jsonl --model abacus
  thinkcap batch aime.json -o aime.jsonl --budget 2k --samples 16
  thinkcap batch aime.json -o votes.jsonl --budget 2k --samples 8 --vote
  thinkcap batch test.csv -o out.jsonl --problem-field text --limit 50 --shuffle
  thinkcap batch aime.json --budget 8k --samples 16 --dry-run
"""


@click.command(epilog=EXAMPLES, short_help="Solve a file of problems, many at once.")
@click.argument("file")
@run_options
@vote_options
@generation_options
def command(file: str, run: RunOptions, votes: VoteOptions, options: GenerationOptions) -> None:
    """Solve every problem of FILE, and grade the answers where FILE has them.

    FILE is JSON Lines, a JSON array, CSV, TSV, Parquet or a problem a line, gzipped or not; `-` is standard input. The
    usual names of fields (problem, question, prompt; answer, solution …) are found.

    Each result is written as it finishes. Run the same command again and it goes on where it stopped, whether it was
    interrupted, killed, or given more --samples or problems.

    --vote compares the vote over the samples with single thoughts, in accuracy and in tokens. --vote-depths H answers
    each thought at H depths of its budget, --answers m times each, and votes over all of them.

    Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted.
    """
    from thinkcap.runs.plan import Plan

    if run.output is None and not run.dry_run:
        raise UsageError("Say where the results go: -o results.jsonl.")
    votes.check(options)
    problems = read_problems(file, run, options)
    plan = Plan(options.request(), options.samples, depths=votes.depths, answers=votes.answers)
    say_if_alike(plan, options)
    carry_out(problems, plan, run, options, source=file, votes=votes.wanted)
