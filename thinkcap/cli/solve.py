"""`thinkcap solve`: one problem, thought about within a budget and answered."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

import click

from thinkcap.cli import INTERRUPTED
from thinkcap.cli.options import GenerationOptions, VoteOptions, generation_options, vote_options
from thinkcap.cli.runner import fetch_if_missing
from thinkcap.errors import UsageError

if TYPE_CHECKING:
    from thinkcap.engine.engine import Engine
    from thinkcap.engine.outcome import Outcome
    from thinkcap.grading import Grader
    from thinkcap.show.live.view import View

WRONG = 3
MOST_BYTES = 16 * 1024**2
"""The longest problem that is read from standard input: far more than any context holds."""

EXAMPLES = """\
\b
Examples:
  thinkcap solve "What is 384 + 297 + 581?" --model abacus
  thinkcap solve "What is 37 * 46?" --model abacus --budget 64 --expect 1702
  thinkcap solve - --budget 2k --json < problem.txt
  thinkcap solve "Find all x with x^2 = 2x." --samples 4 --time-limit 90s
  thinkcap solve "What is 37 * 46?" --model abacus --samples 8 --temperature 0.8 --vote
  thinkcap solve "Find all x with x^2 = 2x." --budget 2k --samples 2 --vote-depths 4
"""


@click.command(epilog=EXAMPLES, short_help="Solve one problem under a thinking budget.")
@click.argument("problem")
@click.option(
    "--expect", metavar="ANSWER", help="The right answer: compares, and exits with 3 if no sample's answer is it."
)
@vote_options
@generation_options
def command(problem: str, expect: str | None, votes: VoteOptions, options: GenerationOptions) -> None:
    """Think about PROBLEM for as long as the budget allows, then answer it.

    PROBLEM `-` reads standard input; a PROBLEM that begins with a dash goes after `--`.

    On a terminal the thought streams by with a bar of its tokens, then come the solution and a line of figures.
    Anywhere else standard output gets the solution alone, or JSON with --json, and standard error the figures.

    --vote thinks all --samples side by side and lets their answers vote, by mathematical equivalence: the solution of
    the largest group is printed. --vote-depths H answers each thought at H depths of its --budget, --answers m times
    each, and votes over all of them, which spends tokens better than more thoughts do (arXiv 2505.12992).

    Exit codes: 0 done, 1 failed, 2 wrong usage, 3 no sample, or not the vote, had the expected answer, 130 interrupted.
    """
    text = read_problem(problem)
    expected = read_expected(expect)
    votes.check(options)
    fetch_if_missing(options)
    right = _vote(text, expected, votes, options) if votes.wanted else _solve(text, expected, options)
    if expected is not None and not right:
        raise click.exceptions.Exit(WRONG)


def _solve(text: str, expected: str | None, options: GenerationOptions) -> bool:
    """Whether a sample has the expected answer. Shows one sample after the other."""
    from thinkcap.show.live.view import choose_view

    with ExitStack() as stack:
        grader = None
        if expected is not None:
            from thinkcap.grading import Grader

            grader = stack.enter_context(Grader())
            grader.warm()
        view = stack.enter_context(choose_view(sys.stdout, sys.stderr, json=options.json, log=options.verbose))
        view.status(f"loading {options.model or 'the model'}")
        engine = stack.enter_context(options.load())
        outcomes: list[Outcome] = []
        for sample in range(options.samples):
            view.begin(sample, options.samples)
            outcome = _generate(engine, text, sample, options, view)
            interrupted = "interrupted" in (outcome.stop_reason, outcome.finish_reason)
            if grader is not None and expected is not None and not interrupted:
                outcome = _graded(outcome, expected, grader)
            outcomes.append(outcome)
            view.conclude(outcome)
            if interrupted:
                raise click.exceptions.Exit(INTERRUPTED)
        if options.samples > 1:
            view.total(outcomes)
    return any(outcome.correct for outcome in outcomes)


def _vote(text: str, expected: str | None, votes: VoteOptions, options: GenerationOptions) -> bool:
    """Whether the vote is for the expected answer. What there is at Ctrl-C still votes."""
    from thinkcap.cli.runner import say_if_alike, solve_here
    from thinkcap.grading import Grader, vote
    from thinkcap.runs.cost import cost_of
    from thinkcap.runs.plan import Plan
    from thinkcap.show.live.plain_views import TrimmedText
    from thinkcap.show.tables.vote_lines import vote_figures, vote_lines, vote_record
    from thinkcap.text import write_json, write_line

    plan = Plan(options.request(), options.samples, depths=votes.depths, answers=votes.answers)
    say_if_alike(plan, options)
    outcomes, finished = solve_here(plan, text, expected, options)
    if outcomes:
        with Grader() as grader:
            result = vote([outcome.answer for outcome in outcomes], grader)
            correct = None if expected is None else grader.grade(result.winner, expected).correct
        cost = cost_of(outcome.to_dict() for outcome in outcomes)
        if options.json:
            for outcome in outcomes:
                write_json(outcome.to_dict(), sys.stdout)
            write_json({"vote": vote_record(result, cost, expected, correct)}, sys.stdout)
        else:
            if result.groups:
                solution = TrimmedText(sys.stdout)
                solution.write(outcomes[result.groups[0].members[0]].solution)
                solution.end()
            figures = vote_figures(result, cost, expected, correct)
            for line in (*vote_lines(result, sys.stderr.encoding), figures):
                write_line(line, sys.stderr)
    if not finished:
        raise click.exceptions.Exit(INTERRUPTED)
    return bool(correct)


def read_problem(argument: str) -> str:
    """The problem's text: the argument, or standard input for `-`. Raises UsageError where there is none."""
    if argument != "-":
        text = argument
    else:
        data = sys.stdin.buffer.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise UsageError(
                f"Standard input holds more than {MOST_BYTES // 1024**2} MiB, which is no problem: shorten it."
            )
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise UsageError("Standard input is not UTF-8 text: convert it first.") from None
    try:
        text.encode()
    except UnicodeEncodeError:
        raise UsageError("The problem is not UTF-8 text: convert it first.") from None
    if not text.strip():
        raise UsageError("The problem is empty: write it in quotes after `solve`, or pipe it in and give `-`.")
    return text.strip() if argument == "-" else text


def read_expected(expect: str | None) -> str | None:
    """The expected answer. Raises UsageError where it is blank."""
    if expect is not None and not expect.strip():
        raise UsageError("The expected answer is empty: write it after --expect, or leave --expect out.")
    return expect.strip() if expect is not None else None


def _generate(engine: Engine, problem: str, sample: int, options: GenerationOptions, view: View) -> Outcome:
    from thinkcap.engine.events import Finished

    request = engine.request(problem, sample=sample, **options.request())
    outcome = None
    for event in engine.stream(request):
        view.show(event)
        if isinstance(event, Finished):
            outcome = event.outcome
    assert outcome is not None, "an engine's stream ends in Finished"
    return outcome


def _graded(outcome: Outcome, expected: str, grader: Grader) -> Outcome:
    """The outcome with a verdict; no answer is a wrong one."""
    return outcome.graded(expected, grader.submit(outcome.answer, expected).result().correct)
