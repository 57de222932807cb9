"""`thinkcap solve`: one problem, thought about within a budget and answered."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

import click

from thinkcap.cli import INTERRUPTED
from thinkcap.cli.options import GenerationOptions, generation_options
from thinkcap.errors import UsageError

if TYPE_CHECKING:
    from thinkcap.engine.engine import Engine
    from thinkcap.engine.outcome import Outcome
    from thinkcap.grading import Grader
    from thinkcap.show.view import View

WRONG = 3

EXAMPLES = """\
\b
Examples:
  thinkcap solve "What is 384 + 297 + 581?" --model abacus
  thinkcap solve "What is 37 * 46?" --model abacus --budget 64 --expect 1702
  thinkcap solve - --budget 2k --json < problem.txt
  thinkcap solve "Find all x with x^2 = 2x." --samples 4 --time-limit 90s
"""


@click.command(epilog=EXAMPLES, short_help="Solve one problem under a thinking budget.")
@click.argument("problem")
@click.option(
    "--expect", metavar="ANSWER", help="The right answer: compares, and exits with 3 if no sample's answer is it."
)
@generation_options
def command(problem: str, expect: str | None, options: GenerationOptions) -> None:
    """Think about PROBLEM for as long as the budget allows, then answer it.

    PROBLEM `-` reads standard input; a PROBLEM that begins with a dash goes after `--`.

    On a terminal the thought streams by with a bar of its tokens, then come the solution and a line of figures.
    Anywhere else standard output gets the solution alone, or JSON with --json, and standard error the figures.

    Exit codes: 0 done, 1 failed, 2 wrong usage, 3 no sample had the expected answer, 130 interrupted.
    """
    from thinkcap.show.view import choose_view

    text = read_problem(problem)
    if expect is not None and not expect.strip():
        raise UsageError("The expected answer is empty: write it after --expect, or leave --expect out.")
    _fetch_if_missing(options)
    with ExitStack() as stack:
        grader = None
        if expect is not None:
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
            if grader is not None and expect is not None and not interrupted:
                outcome = _graded(outcome, expect.strip(), grader)
            outcomes.append(outcome)
            view.conclude(outcome)
            if interrupted:
                raise click.exceptions.Exit(INTERRUPTED)
        if options.samples > 1:
            view.total(outcomes)
    if expect is not None and not any(outcome.correct for outcome in outcomes):
        raise click.exceptions.Exit(WRONG)


def read_problem(argument: str) -> str:
    """The problem's text: the argument, or standard input for `-`. Raises UsageError where there is none."""
    if argument != "-":
        text = argument
    else:
        try:
            text = sys.stdin.buffer.read().decode("utf-8-sig")
        except UnicodeDecodeError:
            raise UsageError("What stands on standard input is not UTF-8 text: convert it first.") from None
    try:
        text.encode()
    except UnicodeEncodeError:
        raise UsageError("The problem is not UTF-8 text: convert it first.") from None
    if not text.strip():
        raise UsageError("The problem is empty: write it in quotes after `solve`, or pipe it in and give `-`.")
    return text.strip() if argument == "-" else text


def _fetch_if_missing(options: GenerationOptions) -> None:
    """On a terminal, offers to download a model that is not here yet; elsewhere the error says how."""
    from thinkcap.catalog.locate import NotDownloaded, locate

    try:
        locate(options.model, options.quant)
    except NotDownloaded as error:
        from thinkcap.cli.pull import offer

        offer(error)


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
